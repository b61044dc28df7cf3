"""Policy to ResolvedPolicy: every name bound."""
