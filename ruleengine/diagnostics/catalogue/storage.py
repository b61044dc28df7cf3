"""RE7xx: the journal, snapshots and other files that the engine writes.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""
