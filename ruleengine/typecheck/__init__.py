"""ResolvedPolicy to TypedPolicy: types and units."""
