"""The firm's people: invitations, roles, seats."""
