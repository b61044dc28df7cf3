"""A compiled policy as the runtime holds it, and what it reads."""
