"""Locking out whoever guesses passwords: counts of failures, which all workers share.

A try is counted before the password is looked at and given back when it was right, so that many at once get
no more tries than one after another. Counted is what was typed, whether or not such a person exists: a lock
tells nothing. Three bounds stand beside one another: an e-mail address from one network address, an e-mail
address from anywhere (somebody who guesses from many places), a network address with any e-mail address
(somebody who tries one password on everybody).
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.conf import settings
from django.core.cache import cache as _cache

from tenants.models.users import normalise_email
from tenants.mongodb.cache import MongoCache

cache = cast(MongoCache, _cache)


@dataclass(frozen=True, slots=True)
class Try:
    """One try of an e-mail address (or of something else that has a password) from a network address."""

    email: str
    ip: str
    # Whether the password may be looked at.
    granted: bool
    # Until when nobody gets in so: when it was not granted, or if this one, the last, fails. None otherwise.
    until: datetime | None

    @property
    def is_last(self) -> bool:
        """Whether failing locks."""
        return self.granted and self.until is not None


def begin_try(email: str, ip: str) -> Try:
    """Count a try, three commands. Call ``succeeded`` when the password was right."""
    email, ip = normalise_email(email), network_of(ip)
    seconds = float(settings.SIGN_IN_LOCK_SECONDS)
    until: datetime | None = None
    for key, limit in _bounds(email, ip):
        taken = cache.take(key, limit=limit, seconds=seconds, locked=seconds)
        if not taken.granted:
            return Try(email, ip, False, taken.until)
        if taken.number == limit:
            until = taken.until if until is None else max(until, taken.until)
    return Try(email, ip, True, until)


def succeeded(one: Try) -> None:
    """The password was right: the e-mail address begins anew, here and everywhere.

    The network address gets only this one back, or whoever has one password could go on guessing others'.
    """
    unlock(one.email)
    cache.give_back(_of_address(one.ip))


def unlock(email: str) -> None:
    """Lift what is counted against the e-mail address, from wherever it was tried. One command."""
    cache.delete_beginning(_of_email(normalise_email(email)))


def _bounds(email: str, ip: str) -> tuple[tuple[str, int], ...]:
    return (
        (f"{_of_email(email)}{ip}", int(settings.SIGN_IN_FAILURES)),
        (f"{_of_email(email)}anywhere", int(settings.SIGN_IN_FAILURES_OF_EMAIL)),
        (_of_address(ip), int(settings.SIGN_IN_FAILURES_FROM_ADDRESS)),
    )


def network_of(ip: str) -> str:
    """The address itself, or of IPv6 the network: whoever has one address there has all 2⁶⁴ of them."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if address.version == 4:
        return ip
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)


def _of_email(email: str) -> str:
    # What people type where an e-mail address is asked for is at times a password: it is not kept.
    return f"sign-in:{hashlib.sha256(email.encode()).hexdigest()}:"


def _of_address(ip: str) -> str:
    return f"sign-in-from:{ip}"
