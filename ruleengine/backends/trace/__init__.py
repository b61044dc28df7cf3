"""The graph node by node in Decimal: the definition of meaning."""
