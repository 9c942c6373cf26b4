"""The chain of what was done, and its verification."""
