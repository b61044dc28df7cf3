"""Recorded data in and out."""
