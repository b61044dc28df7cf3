"""Readings of one graph; each backend stands alone."""
