"""RE9xx: faults of the engine itself, and of the environment it was started in.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""
