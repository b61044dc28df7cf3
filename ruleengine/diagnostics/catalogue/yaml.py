"""RE1xx: the text is not YAML as this language reads it.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""
