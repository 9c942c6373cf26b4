"""Banks, branches and formats in the API."""
