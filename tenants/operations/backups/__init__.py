"""Backups of organizations: where they are kept, how they are written, read back, restored and removed."""
