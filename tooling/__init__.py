"""What runs, checks and tests the application on a developer's machine; never imported by the application."""
