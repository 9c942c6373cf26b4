"""Addresses of pages as letters give them."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def address_of(path: str) -> str:
    """The address of a page on the site as people reach it. Raises ImproperlyConfigured without SITE_URL.

    Never made from a request: whoever asks writes its Host header.
    """
    if not settings.SITE_URL:
        raise ImproperlyConfigured("Set SITE_URL to the site's address, for the links in e-mails.")
    return f"{settings.SITE_URL.rstrip('/')}{path}"
