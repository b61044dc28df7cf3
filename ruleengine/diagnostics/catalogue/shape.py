"""RE2xx: keys, required parts, versions and types of values of a document that is good YAML.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""
