"""Local sign-in: e-mail and password, lock-out, password reset."""
