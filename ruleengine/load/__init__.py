"""YAML text to Document: scalars with spans, nothing interpreted."""
