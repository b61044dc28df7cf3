"""A venue with no network."""
