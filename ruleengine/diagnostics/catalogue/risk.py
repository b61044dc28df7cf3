"""RE5xx: margin, exposure and safety of a policy that is otherwise well-formed.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""
