"""The staff's pages of the shared resources."""

from banks.admin import banks, formats, lists

__all__ = ["banks", "formats", "lists"]
