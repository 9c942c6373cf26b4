"""A person's own settings, signature and sessions."""
