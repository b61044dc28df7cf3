"""RE4xx: recordings, imports and series: what is missing, disordered or implausible in data.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""
