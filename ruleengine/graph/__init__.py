"""TypedPolicy to Graph: shared nodes and the passes over them."""
