"""The last stage before the wire: what clears an order or refuses it."""
