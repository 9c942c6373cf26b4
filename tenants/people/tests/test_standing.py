"""What a record says of somebody's place in the firm, and how long an invitation is open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from tenants.models import User
from tenants.people.actions import STEPS_OF_STATE
from tenants.people.listing import Filters, way_of
from tenants.people.standing import ROLE_MEANINGS, State, role_comes_from_provider, state_of
from tenants.permissions import Role

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OPEN, OVER = NOW - timedelta(days=6), NOW - timedelta(days=7)


@pytest.mark.parametrize(
    ("is_active", "way_in", "invited_at", "state"),
    [
        (True, True, None, State.ACTIVE),
        # Accepting clears the date; a way in counts even where it did not.
        (True, True, OVER, State.ACTIVE),
        (True, False, OPEN, State.INVITED),
        (True, False, OVER, State.EXPIRED),
        (True, False, None, State.EXPIRED),
        (False, False, None, State.WITHDRAWN),
        (False, False, OPEN, State.WITHDRAWN),
        (False, True, None, State.DEACTIVATED),
    ],
)
def test_a_record_has_the_state(
    is_active: bool, way_in: bool, invited_at: datetime | None, state: State
) -> None:
    assert state_of(is_active=is_active, way_in=way_in, invited_at=invited_at, now=NOW) is state


def test_an_invitation_is_open_for_as_many_days_as_the_setting_says(settings: Settings) -> None:
    settings.INVITATION_DAYS = 8
    assert state_of(is_active=True, way_in=False, invited_at=OVER, now=NOW) is State.INVITED


def test_every_state_says_what_can_be_done() -> None:
    assert set(STEPS_OF_STATE) == set(State)


def test_every_role_says_what_it_is_for() -> None:
    assert set(ROLE_MEANINGS) == set(Role.values)


@pytest.mark.parametrize(
    ("cognito_id", "enabled", "roles", "expected"),
    [
        ("abc", True, {"managers": "manager"}, True),
        ("", True, {"managers": "manager"}, False),
        ("abc", False, {"managers": "manager"}, False),
        ("abc", True, {}, False),
    ],
)
def test_the_provider_decides_the_role_of_who_signs_in_there_where_groups_are_mapped(
    settings: Settings, cognito_id: str, enabled: bool, roles: dict[str, str], expected: bool
) -> None:
    settings.OIDC_ENABLED, settings.OIDC_ROLES = enabled, roles
    assert role_comes_from_provider(User(cognito_id=cognito_id)) is expected


@pytest.mark.parametrize(
    ("has_password", "openid", "words"),
    [
        (True, False, "Password"),
        (False, True, "Single sign-on"),
        (True, True, "Password or Single sign-on"),
        (False, False, ""),
    ],
)
def test_how_somebody_signs_in_is_said_in_words(has_password: bool, openid: bool, words: str) -> None:
    assert way_of(has_password=has_password, openid=openid) == words


def test_a_filter_that_is_none_narrows_nothing() -> None:
    assert Filters.of({"q": " ", "role": "emperor", "state": {"$ne": 1}}) == Filters()  # type: ignore[dict-item]
