"""RE600–RE619: venues: capabilities, accounts, credentials, limits and answers.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""
