"""Database users: what they are called, their passwords, and addresses with one user or another.

An organization may have a database user of its own, which the server lets into that organization's database
and nowhere else. Its password is derived from a key of the environment and kept nowhere.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from django.conf import settings

from tenants.errors import TenancyError

USERS_KEY_SETTING = "ORGANIZATION_USERS_KEY"
SHORTEST_KEY = 32
# Users are kept here, and sign in here, whatever databases they may use.
USERS_DATABASE = "admin"
MECHANISM = "SCRAM-SHA-256"

_SCHEMES = ("mongodb", "mongodb+srv")
# What an address says of the user whose place another takes.
_OF_THE_USER = frozenset({"authsource", "authmechanism", "authmechanismproperties", "gssapiservicename"})


class UsersKeyMissing(TenancyError):
    """The key is not set, or too short, from which the passwords of organizations' users are derived."""

    def __init__(self) -> None:
        super().__init__(
            f"Set {USERS_KEY_SETTING} to a secret of at least {SHORTEST_KEY} characters, the same in every "
            "process: the passwords of the organizations' database users are made from it."
        )


class BadAddress(TenancyError):
    """Not a MongoDB address. The message never has the address in it, for that may hold a password."""

    def __init__(self, what: str = "This") -> None:
        super().__init__(f"{what} is not a MongoDB address (mongodb://host1,host2/?replicaSet=name).")


def user_name(org_id: str) -> str:
    """The name of an organization's own database user, e.g. ``org_demo_org_001``."""
    return f"org_{org_id}"


def password(org_id: str) -> str:
    """The password of an organization's own user: HMAC-SHA256 of the org_id, 64 hexadecimal digits.

    Raises UsersKeyMissing.
    """
    key: str = getattr(settings, USERS_KEY_SETTING, "")
    if len(key) < SHORTEST_KEY:
        raise UsersKeyMissing
    return hmac.new(key.encode(), org_id.encode(), hashlib.sha256).hexdigest()


def with_credentials(address: str, org_id: str) -> str:
    """``address`` for the organization's own user, ready for MongoClient.

    Raises BadAddress and UsersKeyMissing.
    """
    return with_user(address, user_name(org_id), password(org_id))


def with_user(address: str, name: str, secret: str) -> str:
    """``address`` with the same hosts and options and another user, who signs in at ``admin``.

    Raises BadAddress.
    """
    return _rebuilt(
        address,
        user=f"{quote(name, safe='')}:{quote(secret, safe='')}@",
        options=(f"authSource={USERS_DATABASE}", f"authMechanism={MECHANISM}"),
    )


def without_user(address: str) -> str:
    """``address`` with the same hosts and options and no user: enough for a ``hello``. Raises BadAddress."""
    return _rebuilt(address, user="", options=())


def user_of(address: str) -> tuple[str, str] | None:
    """The user and password that ``address`` holds, or None when it has none. Raises BadAddress."""
    netloc = urlsplit(_checked(address)).netloc
    user, found, _ = netloc.rpartition("@")
    if not found:
        return None
    name, _, secret = user.partition(":")
    return unquote(name), unquote(secret)


def _rebuilt(address: str, *, user: str, options: tuple[str, ...]) -> str:
    parts = urlsplit(_checked(address))
    kept = [option for option in parts.query.split("&") if option and not _is_of_the_user(option)]
    hosts = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, user + hosts, parts.path or "/", "&".join([*kept, *options]), ""))


def _is_of_the_user(option: str) -> bool:
    return option.partition("=")[0].lower() in _OF_THE_USER


def _checked(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise BadAddress from None
    # What stands behind a “#” would get lost: a password with one that is not escaped, for example.
    if parts.scheme not in _SCHEMES or not parts.netloc.rpartition("@")[2] or "#" in address:
        raise BadAddress
    return address
