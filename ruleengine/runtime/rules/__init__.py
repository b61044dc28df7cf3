"""The kinds of rules, what they watch, and what they want."""
