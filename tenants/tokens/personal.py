"""Personal API tokens: what they look like, and how one is known again without being kept.

``vrt_<key>_<secret>``: the key is 16 hexadecimal digits by which the token is found and told apart; the
secret is 64 of them, 256 random bits. Only the secret's SHA-256 is stored: nobody can try out that many, so a
slow hash would protect nothing and cost every request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

# Found by whoever searches code or logs for secrets that should not be there.
PREFIX = "vrt_"
KEY = re.compile(r"[0-9a-f]{16}")
_TOKEN = re.compile(rf"{PREFIX}([0-9a-f]{{16}})_([0-9a-f]{{64}})")
# Compared with when there is no such token, so that the answer takes as long.
_NO_DIGEST = "0" * 64


@dataclass(frozen=True, slots=True)
class Secret:
    """A personal token whole, as its owner has it. Told in no representation, so that no log has it."""

    key: str
    value: str

    def __repr__(self) -> str:
        return f"<Secret {self.key}>"

    def __str__(self) -> str:
        return self.__repr__()

    @property
    def token(self) -> str:
        """What the owner is shown once, and sends."""
        return f"{PREFIX}{self.key}_{self.value}"

    @property
    def digest(self) -> str:
        """What is stored of it."""
        return hashlib.sha256(self.value.encode()).hexdigest()

    def is_that_of(self, digest: str | None) -> bool:
        """Whether ``digest`` was made of this secret, in a time that tells nothing of how it differs."""
        return hmac.compare_digest(self.digest, digest or _NO_DIGEST)


def new_key() -> str:
    return secrets.token_hex(8)


def new_secret(key: str) -> Secret:
    return Secret(key, secrets.token_hex(32))


def read_secret(token: str) -> Secret | None:
    """The token's two parts; None when it is not of this form."""
    found = _TOKEN.fullmatch(token)
    return Secret(found[1], found[2]) if found else None
