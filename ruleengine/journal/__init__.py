"""The ordered, hash-chained log."""
