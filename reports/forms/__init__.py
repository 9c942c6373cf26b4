"""Forms built from a format: they read and validate what a person typed, save nothing and draw nothing."""
