"""Orders that are out and what became of them."""
