"""Who is due for a backup, what may be removed, and the commands that do it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from tenants.models import (
    AuditEntry,
    Backup,
    BackupStatus,
    Operation,
    Organization,
    OrganizationStatus,
    Plan,
    Subscription,
    SubscriptionStatus,
)
from tenants.operations.backups.measures import BackupFigures, figures_of
from tenants.operations.backups.retention import (
    BackupInUse,
    Kept,
    Schedule,
    Terms,
    due_organizations,
    expired,
    is_due,
    is_overdue,
    remove_backup,
    remove_expired,
    terms_of,
)
from tenants.operations.backups.stores import StoreFailed, store_named

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)


def schedule(hours_ago: float | None, every: int = 24) -> Schedule:
    last = None if hours_ago is None else NOW - timedelta(hours=hours_ago)
    return Schedule("firm", every, last, NOW - timedelta(hours=30))


# When ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours_ago", "every", "due"),
    [
        (None, 24, True),
        (None, 0, False),
        (1, 24, False),
        (23.4, 24, False),
        # Asked every hour on the hour, it would else come an hour later every day.
        (23.6, 24, True),
        (0.8, 1, False),
        (0.95, 1, True),
        (1000, 0, False),
    ],
)
def test_it_is_due_when_its_plan_says_so(hours_ago: float | None, every: int, due: bool) -> None:
    assert is_due(schedule(hours_ago, every), NOW) is due


@pytest.mark.parametrize(
    ("hours_ago", "every", "overdue"),
    [(47, 24, False), (48, 24, True), (None, 24, False), (None, 12, True), (1000, 0, False)],
)
def test_it_is_overdue_after_twice_its_time(hours_ago: float | None, every: int, overdue: bool) -> None:
    assert is_overdue(schedule(hours_ago, every), NOW) is overdue


def test_the_fleet_s_figures_count_whoever_wants_backups() -> None:
    found = [schedule(10), schedule(50), schedule(None), schedule(None, every=0), schedule(900, every=0)]
    assert figures_of(found, NOW) == BackupFigures(
        age_seconds_max=50 * 3600,
        without_backup=1,
        overdue=1,
        last_success=(NOW - timedelta(hours=10)).timestamp(),
    )


def test_without_any_backup_there_is_no_age() -> None:
    assert figures_of([schedule(None)], NOW) == BackupFigures(None, 1, 0, None)


def kept(name: str, days_ago: int, *, expires: int | None, org_id: str = "firm") -> Kept:
    expires_at = None if expires is None else NOW - timedelta(days=expires)
    return Kept(name, org_id, NOW - timedelta(days=days_ago), expires_at)


@pytest.mark.parametrize(
    ("good", "gone"),
    [
        pytest.param([kept("a", 40, expires=10), kept("b", 1, expires=-29)], ["a"], id="had its time"),
        pytest.param([kept("a", 40, expires=10)], [], id="the last one"),
        pytest.param([kept("a", 40, expires=10), kept("b", 39, expires=9)], ["a"], id="all but the last one"),
        pytest.param([kept("a", 40, expires=None), kept("b", 1, expires=None)], [], id="kept by hand"),
        pytest.param(
            [kept("a", 9, expires=1), kept("b", 8, expires=1, org_id="other")], [], id="of two firms"
        ),
        pytest.param([kept("a", 9, expires=1, org_id="gone")], ["a"], id="of a firm that is deleted"),
    ],
)
def test_what_had_its_time_may_go_but_never_a_firm_s_last_one(good: list[Kept], gone: list[str]) -> None:
    assert [one.name for one in expired(good, ["firm", "other"], NOW)] == gone


# Of which organizations ------------------------------------------------------------------------------


@pytest.fixture
def subscribe(firm: Organization) -> Callable[..., None]:
    def make(hours: int, days: int = 7, *, since: int = 10, ends_on: date | None = None, **more: Any) -> None:
        plan = Plan.objects.create(
            code=f"plan-{hours}-{days}",
            name="A plan",
            seats=5,
            reports_a_month=50,
            storage_mb=500,
            backup_every_hours=hours,
            backups_kept_days=days,
            price_a_month=Decimal(100),
        )
        Subscription.objects.create(
            organization=firm,
            plan=plan,
            starts_on=timezone.localdate() - timedelta(days=since),
            ends_on=ends_on,
            **more,
        )

    return make


def due(now: datetime | None = None) -> list[str]:
    return [one.org_id for one in due_organizations(now or timezone.now())]


def test_firms_without_a_backup_come_first_and_then_the_oldest(
    firm: Organization, rival: Organization
) -> None:
    Organization.objects.filter(pk=firm.pk).update(last_backup_at=timezone.now() - timedelta(days=2))
    assert due() == [rival.org_id, firm.org_id]


def test_a_firm_without_a_plan_is_backed_up_daily(firm: Organization) -> None:
    Organization.objects.filter(pk=firm.pk).update(last_backup_at=timezone.now() - timedelta(hours=20))
    assert (due(), due(timezone.now() + timedelta(hours=5))) == ([], [firm.org_id])


def test_the_plan_says_how_often(firm: Organization, subscribe: Callable[..., None]) -> None:
    subscribe(6)
    Organization.objects.filter(pk=firm.pk).update(last_backup_at=timezone.now() - timedelta(hours=7))
    assert (due(), terms_of(firm.org_id)) == ([firm.org_id], Terms("plan-6-7", 6, 7))


def test_a_plan_without_backups_is_never_due(firm: Organization, subscribe: Callable[..., None]) -> None:
    subscribe(0)
    assert due() == []


@pytest.mark.parametrize(
    "over",
    [
        {"ends_on": date(2020, 1, 1)},
        {"status": SubscriptionStatus.ENDED},
        {"since": -3},
    ],
)
def test_a_plan_that_is_not_the_present_one_does_not_count(
    firm: Organization, subscribe: Callable[..., None], over: dict[str, Any]
) -> None:
    subscribe(0, **over)
    assert (due(), terms_of(firm.org_id)) == ([firm.org_id], Terms())


def test_a_firm_without_a_whole_database_is_not_due(firm: Organization) -> None:
    Organization.objects.update(status=OrganizationStatus.PROVISIONING)
    assert due() == []


# Removing --------------------------------------------------------------------------------------------


@pytest.fixture
def stored(firm: Organization, tmp_path: Path, settings: Settings) -> Callable[..., Backup]:
    """Makes backups, each with a file; ``days`` ago, and expired as long as given."""
    settings.BACKUP_STORES = {"local": f"file://{tmp_path}/backups"}
    settings.BACKUP_STORE = "local"

    def make(name: str, *, days: int, expired: int | None) -> Backup:
        store_named().write_bytes(f"{firm.org_id}/{name}/manifest.json", b"{}")
        now = timezone.now()
        return Backup.objects.create(
            org_id=firm.org_id,
            name=name,
            store="local",
            status=BackupStatus.GOOD,
            taken_at=now - timedelta(days=days),
            expires_at=None if expired is None else now - timedelta(days=expired),
        )

    return make


def test_what_had_its_time_is_removed_with_its_files(stored: Callable[..., Backup]) -> None:
    old = stored("old", days=40, expired=10)
    stored("new", days=1, expired=None)
    assert remove_expired(timezone.now()).removed == [str(old)]
    old.refresh_from_db()
    assert (old.status, store_named().list()) == (BackupStatus.REMOVED, [f"{old.org_id}/new/manifest.json"])


def test_a_removal_is_audited(stored: Callable[..., Backup]) -> None:
    old = stored("old", days=40, expired=10)
    stored("new", days=1, expired=None)
    remove_expired(timezone.now())
    assert AuditEntry.objects.filter(action="backup.removed", target=str(old)).count() == 1


@pytest.mark.parametrize("said", ["name", "pk"])
def test_what_an_unfinished_operation_works_with_stays(stored: Callable[..., Backup], said: str) -> None:
    old = stored("20200101T000000Z-0a0b0c0d", days=40, expired=10)
    stored("new", days=1, expired=None)
    Operation.objects.create(kind="restore", options={"from": str(getattr(old, said))}, requested_by="system")
    removal = remove_expired(timezone.now())
    old.refresh_from_db()
    assert (removal.in_use, old.status) == ([str(old)], BackupStatus.GOOD)


def test_a_store_that_failed_is_tried_again_by_the_next_run(
    stored: Callable[..., Backup], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = stored("old", days=40, expired=10)
    stored("new", days=1, expired=None)

    def fail(*_: Any) -> None:
        raise StoreFailed("Nobody there.")

    with monkeypatch.context() as patch:
        patch.setattr("tenants.operations.backups.stores.DirectoryStore.delete_tree", fail)
        assert remove_expired(timezone.now()).failed == {str(old): "Nobody there."}
    assert [remove_expired(timezone.now()).removed for _ in range(2)] == [[str(old)], []]


def test_the_last_good_backup_is_not_removed_by_hand_either(stored: Callable[..., Backup]) -> None:
    with pytest.raises(BackupInUse, match="last good backup"):
        remove_backup(stored("only", days=1, expired=None), by=None)


# The commands ----------------------------------------------------------------------------------------


def command(name: str, *arguments: str) -> dict[str, Any]:
    """The JSON that a command ends with."""
    out = StringIO()
    call_command(name, *arguments, "--json", stdout=out, stderr=StringIO())
    found: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return found


def test_what_is_due_is_backed_up_and_then_what_had_its_time_goes(
    stored: Callable[..., Backup], firm: Organization
) -> None:
    old = stored("old", days=40, expired=10)
    found = command("run_due_backups")
    assert (list(found["done"]), found["removal"]["removed"]) == ([firm.org_id], [str(old)])
    assert command("run_due_backups")["done"] == {}


def test_one_that_fails_does_not_stop_the_others(
    stored: Callable[..., Backup], firm: Organization, rival: Organization
) -> None:
    Organization.objects.filter(pk=firm.pk).update(address_setting="MONGODB_URI_NOWHERE")
    out = StringIO()
    with pytest.raises(CommandError, match=f"1 could not be backed up: {firm.org_id}"):
        call_command("run_due_backups", "--json", stdout=out, stderr=StringIO())
    found = json.loads(out.getvalue().splitlines()[-1])
    assert (list(found["done"]), list(found["failed"])) == ([rival.org_id], [firm.org_id])


def test_a_firm_that_something_else_is_done_to_is_passed_over(
    stored: Callable[..., Backup], firm: Organization
) -> None:
    other = Operation.objects.create(kind="move", org_id=firm.org_id, requested_by="system")
    Organization.objects.filter(pk=firm.pk).update(operation=other.pk)
    assert list(command("run_due_backups")["busy"]) == [firm.org_id]


def test_a_firm_s_backups_are_listed(stored: Callable[..., Backup], firm: Organization) -> None:
    done = command("backup_org", firm.org_id)["done"][firm.org_id]
    (listed,) = command("backup_org", "--list", firm.org_id)["backups"]
    assert (listed["name"], listed["status"]) == (done, "good")


def test_a_backup_that_is_whole_is_verified(stored: Callable[..., Backup], firm: Organization) -> None:
    done = command("backup_org", firm.org_id)["done"][firm.org_id]
    assert command("backup_org", "--verify", done)["problems"] == []
    assert Backup.objects.get(name=done).checked_at is not None


def test_a_damaged_backup_is_no_longer_the_firm_s_last(
    stored: Callable[..., Backup], firm: Organization, tmp_path: Path
) -> None:
    done = command("backup_org", firm.org_id)["done"][firm.org_id]
    damaged = tmp_path / "backups" / firm.org_id / done / "counters.bson.zst"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    with pytest.raises(CommandError, match="is damaged"):
        command("backup_org", "--verify", done)
    firm.refresh_from_db()
    assert (Backup.objects.get(name=done).status, firm.last_backup_at) == (BackupStatus.DAMAGED, None)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "Name an organization"),
        (("nobody_known",), "There is no organization “nobody_known”"),
        (("alpha_valuers", "--all"), "Either name organizations"),
        (("--verify", "none"), "There is no backup “none”"),
        (("--cancel", "alpha_valuers"), "no unfinished backup"),
        (("alpha_valuers", "--store", "tape"), "could not be backed up"),
    ],
)
def test_it_says_why_not(stored: Callable[..., Backup], arguments: tuple[str, ...], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        call_command("backup_org", *arguments, stdout=StringIO(), stderr=StringIO())
