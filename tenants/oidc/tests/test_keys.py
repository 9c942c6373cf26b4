"""How often the provider is asked for its keys, and which of them count."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tenants.oidc import keys as keys_module
from tenants.oidc.http import ProviderSilent
from tenants.oidc.keys import GRACE_SECONDS, LIFETIME_SECONDS, SILENT_SECONDS, Keys, KeyUnknown
from tenants.oidc.tests.forging import ISSUER, key_set, private_key

URL = f"{ISSUER}/keys"
REFETCH = 30.0


@dataclass
class Published:
    """What the provider would answer, how often it was asked, and what time it is."""

    names: list[str] = field(default_factory=lambda: ["key-1"])
    document: dict[str, Any] | None = None
    asked: int = 0
    silent: bool = False
    now: float = 1000.0
    seconds: float = 0.0

    def answer(self, url: str, *, timeout: float) -> dict[str, Any]:
        self.asked += 1
        time.sleep(self.seconds)
        if self.silent:
            raise ProviderSilent("gone")
        return self.document if self.document is not None else key_set(*self.names)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Published:
    one = Published()
    monkeypatch.setattr(keys_module, "get_json", one.answer)
    return one


@pytest.fixture
def keys(published: Published) -> Keys:
    return Keys(ISSUER, URL, 5.0, refetch_seconds=REFETCH, clock=lambda: published.now)


def test_it_asks_once_for_an_hour(published: Published, keys: Keys) -> None:
    for _ in range(5):
        assert keys.signing_key("key-1") == private_key("key-1").public_key()
    published.now += LIFETIME_SECONDS - 1
    keys.signing_key("key-1")
    assert published.asked == 1
    published.now += 1
    keys.signing_key("key-1")
    assert published.asked == 2


def test_a_new_key_is_fetched_when_a_token_names_it(published: Published, keys: Keys) -> None:
    keys.signing_key("key-1")
    published.names = ["key-2"]
    published.now += REFETCH
    assert keys.signing_key("key-2") == private_key("key-2").public_key()
    with pytest.raises(KeyUnknown):
        keys.signing_key("key-1")


def test_made_up_names_do_not_make_it_ask_more_than_now_and_then(published: Published, keys: Keys) -> None:
    keys.signing_key("key-1")
    for number in range(300):
        published.now += 1
        with pytest.raises(KeyUnknown):
            keys.signing_key(f"made-up-{number}")
    assert published.asked == 1 + 300 / REFETCH


@pytest.mark.parametrize("kid", [None, "", 7, ["key-1"], "k" * 500], ids=repr)
def test_a_name_that_is_none_is_refused_without_asking(published: Published, keys: Keys, kid: object) -> None:
    with pytest.raises(KeyUnknown):
        keys.signing_key(kid)
    assert published.asked == 0


def test_a_withdrawn_key_is_refused_after_its_hour(published: Published, keys: Keys) -> None:
    published.names = ["key-1", "key-2"]
    keys.signing_key("key-1")
    published.names = ["key-2"]
    published.now += LIFETIME_SECONDS
    with pytest.raises(KeyUnknown):
        keys.signing_key("key-1")


def test_known_keys_stay_good_for_an_hour_while_the_provider_is_silent(
    published: Published, keys: Keys
) -> None:
    keys.signing_key("key-1")
    published.silent = True
    published.now += LIFETIME_SECONDS + GRACE_SECONDS - 1
    assert keys.signing_key("key-1")
    published.now += SILENT_SECONDS + 1
    with pytest.raises(ProviderSilent):
        keys.signing_key("key-1")


def test_a_silent_provider_is_left_alone_for_a_moment(published: Published, keys: Keys) -> None:
    published.silent = True
    for _ in range(10):
        with pytest.raises(ProviderSilent):
            keys.signing_key("key-1")
    assert published.asked == 1
    published.silent = False
    published.now += SILENT_SECONDS
    assert keys.signing_key("key-1")


def test_threads_that_come_at_once_ask_once(published: Published, keys: Keys) -> None:
    published.seconds = 0.05
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(keys.signing_key("key-1"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert published.asked == 1


def _short() -> dict[str, Any]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()  # noqa: S505 - to be refused
    return RSAAlgorithm.to_jwk(key, as_dict=True)


def _elliptic() -> dict[str, Any]:
    return ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True)


UNUSABLE: dict[str, Callable[[], Any]] = {
    "too short": _short,
    "elliptic": _elliptic,
    "for encryption": lambda: {**key_set("key-1")["keys"][0], "use": "enc"},
    "for another algorithm": lambda: {**key_set("key-1")["keys"][0], "alg": "PS256"},
    "a shared secret": lambda: {"kty": "oct", "k": "c2VjcmV0"},
    "half of one": lambda: {"kty": "RSA", "n": "AQAB"},
    "no key": lambda: "key",
}


@pytest.mark.parametrize("unusable", UNUSABLE.values(), ids=UNUSABLE)
def test_a_key_that_may_not_sign_is_passed_over(
    published: Published, keys: Keys, unusable: Callable[[], Any]
) -> None:
    given = unusable()
    listed = {**given, "kid": "odd"} if isinstance(given, dict) else given
    published.document = {"keys": [listed, *key_set("key-1")["keys"]]}
    assert keys.signing_key("key-1")
    published.now += REFETCH
    with pytest.raises(KeyUnknown):
        keys.signing_key("odd")


@pytest.mark.parametrize("document", [{}, {"keys": []}, {"keys": "none"}, {"keys": [{}]}], ids=repr)
def test_a_set_without_a_key_is_a_provider_that_does_not_answer(
    published: Published, keys: Keys, document: dict[str, Any]
) -> None:
    published.document = document
    with pytest.raises(ProviderSilent):
        keys.signing_key("key-1")
