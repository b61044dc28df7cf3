"""RE6xx: venues: capabilities, accounts, credentials, limits and answers.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""
