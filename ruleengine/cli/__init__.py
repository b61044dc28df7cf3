"""One file a command; the only place where everything meets."""
