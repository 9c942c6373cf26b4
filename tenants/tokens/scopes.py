"""What a token's scopes allow, whatever its person's role does."""

from __future__ import annotations

from collections.abc import Collection

from tenants.permissions import PERMISSIONS_OF_ROLE, PERMISSIONS_OF_SCOPE, Permission, Scope

_NONE: frozenset[Permission] = frozenset()


def granted_by(scopes: Collection[str]) -> frozenset[Permission]:
    """The permissions of these scopes together; a scope that is not known grants nothing."""
    return _NONE.union(*(PERMISSIONS_OF_SCOPE.get(one, _NONE) for one in scopes))


def scopes_within(role: str) -> list[Scope]:
    """What a role leaves a token to be for."""
    allowed = PERMISSIONS_OF_ROLE.get(role, _NONE)
    return [one for one in Scope if PERMISSIONS_OF_SCOPE[one.value] <= allowed]
