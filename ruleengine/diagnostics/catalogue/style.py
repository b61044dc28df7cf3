"""RE8xx: a policy that is right but could be clearer; never an error.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""
