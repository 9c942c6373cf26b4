"""Bearer tokens of the API: a provider's and personal ones."""
