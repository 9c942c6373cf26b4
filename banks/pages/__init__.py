"""The firm's pages of banks: what it sees of each, what it changes, and the way back."""
