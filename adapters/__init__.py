"""Venues, one package each."""
