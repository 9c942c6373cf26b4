"""While an organization's writes are frozen everybody reads and nobody writes, and soon it is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connections
from django.test import Client
from django.utils import timezone

from tenants import access
from tenants.context import active, organization_active
from tenants.errors import PlacementChanged, WritesFrozen
from tenants.files import OrganizationStorage
from tenants.models import Counter, Organization, User
from tenants.mongodb.transaction import atomic
from tenants.writing import is_frozen, writable_until


def freeze(firm: Organization, *, seconds_from_now: float = -1.0) -> None:
    at = timezone.now() + timedelta(seconds=seconds_from_now)
    Organization.objects.filter(pk=firm.pk).update(frozen_at=at)


def thaw(firm: Organization, **changes: Any) -> None:
    Organization.objects.filter(pk=firm.pk).update(frozen_at=None, **changes)


@pytest.fixture
def frozen(firm: Organization) -> Iterator[Organization]:
    """The firm active as somebody knows it who has read its state just now, frozen; with a counter."""
    with organization_active(firm.placement):
        Counter.objects.create(name="reports", value=7)
    freeze(firm)
    with organization_active(Organization.objects.get(pk=firm.pk).placement):
        yield firm


def raw() -> Any:
    return connections["alpha_valuers"].get_collection("counters")  # type: ignore[attr-defined]


WRITES: dict[str, Callable[[], object]] = {
    "saving an object": lambda: Counter(name="new").save(),
    "updating rows": lambda: Counter.objects.filter(name="reports").update(value=8),
    "deleting rows": lambda: Counter.objects.all().delete(),
    "creating many": lambda: Counter.objects.bulk_create([Counter(name="new")]),
    "the driver's collection": lambda: raw().update_one({"name": "reports"}, {"$inc": {"value": 1}}),
    "finding and changing": lambda: raw().find_one_and_update({"name": "reports"}, {"$inc": {"value": 1}}),
    "an aggregation that writes": lambda: raw().aggregate([{"$match": {}}, {"$out": "counters"}]),
    "storing a file": lambda: OrganizationStorage().save("a.txt", ContentFile(b"bytes")),
    "deleting a file": lambda: OrganizationStorage().delete("a.txt"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_nobody_writes(frozen: Organization, write: Callable[[], object]) -> None:
    with pytest.raises(WritesFrozen):
        write()


def test_everybody_reads(frozen: Organization) -> None:
    assert Counter.objects.get(name="reports").value == 7


def test_what_was_written_before_is_not_committed_afterwards(firm: Organization) -> None:
    def begin_before_and_end_within() -> None:
        with atomic():
            Counter.objects.create(name="new")
            freeze(firm)
            _forget_what_is_known()

    with organization_active(firm.placement), pytest.raises(WritesFrozen):
        begin_before_and_end_within()
    with organization_active(firm.placement):
        assert not Counter.objects.filter(name="new").exists()


def _forget_what_is_known() -> None:
    activation = active()
    assert activation is not None
    activation.writable_until = 0.0


def test_knowledge_that_is_too_old_is_renewed_before_writing(
    firm: Organization, settings: Any, commands: Any
) -> None:
    settings.WRITES_KNOWN_SECONDS = 0.0
    with organization_active(firm.placement), commands() as sent:
        Counter.objects.create(name="new")
    assert [one.database for one in sent] == ["valuation_admin", "alpha_valuers"]


def test_fresh_knowledge_costs_no_command(firm: Organization, commands: Any) -> None:
    with organization_active(firm.placement), commands() as sent:
        Counter.objects.create(name="new")
    assert [one.database for one in sent] == ["alpha_valuers"]


def test_after_a_move_old_work_does_not_write_to_the_old_place(firm: Organization, settings: Any) -> None:
    settings.WRITES_KNOWN_SECONDS = 0.0
    with organization_active(firm.placement):
        thaw(firm, placement_version=firm.placement_version + 1)
        with pytest.raises(PlacementChanged):
            Counter.objects.create(name="new")


def test_a_freeze_that_is_announced_ends_writing_when_it_begins(settings: Any) -> None:
    settings.WRITES_KNOWN_SECONDS = 5.0
    now = time.monotonic()
    until = writable_until(now, timezone.now() + timedelta(seconds=2))
    assert 1.9 < until - now < 2.1


def test_knowledge_is_good_from_when_it_was_read(settings: Any) -> None:
    settings.WRITES_KNOWN_SECONDS = 5.0
    now = time.monotonic()
    assert writable_until(now - 4, None) == pytest.approx(now + 1)


def test_a_freeze_that_is_announced_has_not_begun() -> None:
    assert not is_frozen(timezone.now() + timedelta(seconds=1))


# Requests --------------------------------------------------------------------------------------------

SETTINGS = "/firm/"


@pytest.fixture
def browser(client_for: Callable[[User], Client], manager: User) -> Client:
    return client_for(manager)


def test_pages_are_read(frozen: Organization, browser: Client) -> None:
    assert browser.get(SETTINGS).status_code == 200


def test_who_wants_to_write_is_told_when_to_come_back(
    frozen: Organization, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "FREEZE_PATIENCE_SECONDS", 0.1)
    answer = browser.post(SETTINGS, {"name": "Another"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert "data is being moved" in answer.content.decode()


def test_a_program_is_told_as_a_problem(
    frozen: Organization, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "FREEZE_PATIENCE_SECONDS", 0.1)
    answer = browser.post("/api/reports/", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["title"]) == (503, "Your firm's data is being moved")


def test_who_waits_goes_on_as_soon_as_the_freeze_is_over(frozen: Organization, browser: Client) -> None:
    timer = threading.Timer(0.2, thaw, [frozen])
    timer.start()
    answer = browser.post(SETTINGS, {})
    timer.join()
    assert answer.status_code != 503


def test_no_more_than_a_few_wait(
    frozen: Organization, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = threading.BoundedSemaphore(1)
    none.acquire()
    monkeypatch.setattr(access, "_waiting", none)
    monkeypatch.setattr(access, "FREEZE_PATIENCE_SECONDS", 60)
    assert browser.post(SETTINGS, {}).status_code == 503
