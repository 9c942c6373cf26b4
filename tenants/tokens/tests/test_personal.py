"""What a personal token is made of."""

from __future__ import annotations

import hmac
from unittest.mock import Mock

import pytest

from tenants.permissions import Permission, Role, Scope
from tenants.tokens.personal import Secret, new_key, new_secret, read_secret
from tenants.tokens.scopes import granted_by, scopes_within

KEY, VALUE = "0123456789abcdef", "ab" * 32


def test_a_token_tells_that_it_is_one_of_ours() -> None:
    assert new_secret(KEY).token.startswith(f"vrt_{KEY}_")


def test_a_secret_has_256_random_bits() -> None:
    assert len(bytes.fromhex(new_secret(KEY).value)) == 32


def test_no_two_tokens_are_the_same() -> None:
    assert len({new_secret(new_key()).token for _ in range(50)}) == 50


def test_a_token_is_read_as_it_was_made() -> None:
    made = new_secret(new_key())
    assert read_secret(made.token) == made


@pytest.mark.parametrize(
    "token",
    [
        "",
        "vrt_",
        f"vrt_{KEY}",
        f"vrt_{KEY}_",
        f"vrt_{KEY}_{VALUE[:-1]}",
        f"vrt_{KEY}_{VALUE}0",
        f"vrt_{KEY}_{VALUE}\n",
        f"vrt_{KEY.upper()}_{VALUE}",
        f"vrt_{KEY}_{VALUE.upper()}",
        f"VRT_{KEY}_{VALUE}",
        f"vrt_{KEY}_{VALUE[:-1]}٣",
    ],
)
def test_what_is_cut_or_written_otherwise_is_no_token(token: str) -> None:
    assert read_secret(token) is None


def test_a_secret_is_known_by_its_digest() -> None:
    made = new_secret(KEY)
    assert made.is_that_of(made.digest)


@pytest.mark.parametrize("digest", ["0" * 64, "", None])
def test_another_digest_is_not_its(digest: str | None) -> None:
    assert not new_secret(KEY).is_that_of(digest)


def test_the_digest_tells_nothing_of_the_secret() -> None:
    made = new_secret(KEY)
    assert made.value not in made.digest


@pytest.mark.parametrize("digest", ["0" * 64, None])
def test_digests_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch, digest: str | None) -> None:
    compare = Mock(return_value=False)
    monkeypatch.setattr(hmac, "compare_digest", compare)
    Secret(KEY, VALUE).is_that_of(digest)

    compare.assert_called_once_with(Secret(KEY, VALUE).digest, "0" * 64)


@pytest.mark.parametrize("told", [repr, str, "{}".format])
def test_no_text_made_of_it_has_the_secret(told: object) -> None:
    assert callable(told)
    assert VALUE not in told(Secret(KEY, VALUE))


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        (Role.VIEWER, [Scope.READ]),
        (Role.ASSISTANT, [Scope.READ, Scope.DRAFT]),
        (Role.VALUER, [Scope.READ, Scope.DRAFT]),
        (Role.MANAGER, [Scope.READ, Scope.DRAFT]),
        ("", []),
        ("made-up", []),
    ],
)
def test_a_role_leaves_a_token_what_it_allows_itself(role: str, scopes: list[Scope]) -> None:
    assert scopes_within(role) == scopes


def test_a_scope_that_is_not_known_grants_nothing() -> None:
    assert granted_by(["everything", "admin"]) == frozenset()


def test_no_scope_grants_more_than_drafting() -> None:
    assert granted_by(Scope.values) == {Permission.VIEW_REPORTS, Permission.DRAFT_REPORTS}
