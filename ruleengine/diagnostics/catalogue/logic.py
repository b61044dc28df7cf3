"""RE3xx: names, types, units and logic of expressions and rules.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""
