"""Reports in the API: the same rules and actions as the pages."""
