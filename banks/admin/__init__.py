"""The staff's pages of the shared resources."""

from banks.admin import banks, lists

__all__ = ["banks", "lists"]
