"""Tags and filters of the templates about organizations."""
