"""Bearer tokens of the API: access tokens of the sign-in service, and personal ones of the firm's people."""
