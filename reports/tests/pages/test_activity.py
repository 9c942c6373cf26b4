"""The firm's activity: who reads it, what it says, how it is narrowed, taken away and streamed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reports.models import Report
from reports.tests.making import begin
from tenants.audit import record_activity, record_audit
from tenants.auditing import reading
from tenants.auditing.actions_known import Kept, action_named
from tenants.auditing.exporting import safe_cell
from tenants.auditing.former import resolved
from tenants.auditing.hashing import ACTIVITY
from tenants.auditing.reading import Entry, Place, merged
from tenants.auditing.telling import tell
from tenants.context import organization_active
from tenants.models import AuditEntry, Organization, User
from tenants.mongodb.monitoring import Command

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]


@pytest.fixture
def asha(assistant: User) -> User:
    """Asha Assistant, under the address that was invited."""
    assistant.email = "asha@alpha.example"
    assistant.save()
    return assistant


def page(client: Client, **query: str) -> str:
    return client.get(reverse("activity"), query).content.decode()


@pytest.fixture
def busy(firm: Organization, rival: Organization, manager: User, valuer: User, staff: User) -> Organization:
    """Something of each kind was done, and something that the firm must not see."""
    with organization_active(firm.placement):
        record_activity("photograph_added", by=valuer, target="front.jpg", details={"file": "a" * 24})
        record_activity(
            "profile_changed", by=valuer, details={"changes": {"phone": {"from": "1", "to": "222"}}}
        )
    record_audit("invitation.sent", by=manager, organization=firm, target="asha@alpha.example")
    record_audit(
        "organization.suspended", by=staff, organization=firm, details={"reason": "our secret reason"}
    )
    record_audit("organization.migrated", by=None, organization=firm, target="internal")
    record_audit("invitation.sent", by=manager, organization=rival, target="of-the-rival@beta.example")
    return firm


def test_a_manager_reads_both_records_in_words(
    busy: Organization, manager: User, client_for: ClientFor
) -> None:
    text = page(client_for(manager))
    for words in ("Added a photograph", "front.jpg", "Invited a person", "asha@alpha.example", "222"):
        assert words in text


@pytest.mark.parametrize("hidden", ["of-the-rival", "internal", "our secret reason", "staff.example"])
def test_it_hides_other_firms_and_what_is_the_staffs_own(
    busy: Organization, manager: User, client_for: ClientFor, hidden: str
) -> None:
    assert hidden not in page(client_for(manager))


@pytest.mark.parametrize("role", ["valuer", "assistant", "viewer"])
@pytest.mark.parametrize("name", ["activity", "activity-csv"])
def test_nobody_else_reads_it(
    request: pytest.FixtureRequest, client_for: ClientFor, role: str, name: str
) -> None:
    assert client_for(request.getfixturevalue(role)).get(reverse(name)).status_code == 403


def test_an_expired_firm_still_reads_and_takes_it_away(
    busy: Organization, manager: User, client_for: ClientFor
) -> None:
    Organization.objects.filter(pk=busy.pk).update(read_only_from=datetime(2020, 1, 1, tzinfo=UTC).date())
    client = client_for(manager)
    assert [client.get(reverse(name)).status_code for name in ("activity", "activity-csv")] == [200, 200]


def test_before_anything_was_done_it_says_so(
    firm: Organization, manager: User, client_for: ClientFor
) -> None:
    assert "Nothing matches" in page(client_for(manager), q="never")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"category": "people"}, {"Invited a person"}),
        ({"category": "reports"}, {"Added a photograph"}),
        ({"q": "FRONT.J"}, {"Added a photograph"}),
        ({"q": "front+j"}, set()),
        ({"since": "2099-01-01"}, set()),
        ({"until": "2000-01-01"}, set()),
        ({"report": "AV/9999/01012026"}, set()),
        ({"person": "f" * 24}, set()),
        # Unknown values are as if absent.
        ({"category": "nonsense", "since": "yesterday", "person": "x", "after": "x"}, None),
        ({"since": "9999-12-31", "until": "0001-01-01"}, None),
    ],
)
def test_it_is_narrowed(
    busy: Organization, manager: User, client_for: ClientFor, query: dict[str, str], found: set[str] | None
) -> None:
    text = page(client_for(manager), **query)
    every = {"Invited a person", "Added a photograph", "Changed the own signature block"}
    assert {one for one in every if one in text} == (every if found is None else found)


def test_it_is_narrowed_to_a_person(
    busy: Organization, manager: User, valuer: User, client_for: ClientFor
) -> None:
    text = page(client_for(manager), person=str(valuer.pk))
    assert "Added a photograph" in text
    assert "Invited a person" not in text


@pytest.fixture
def moved(busy: Organization, manager: User) -> Organization:
    """The manager, who has invited somebody, has another e-mail address since."""
    changes = {"email": {"from": manager.email, "to": "meera@elsewhere.example"}}
    manager.email = "meera@elsewhere.example"
    manager.save()
    record_audit(
        "person.email_changed",
        by=manager,
        organization=busy,
        target=manager.email,
        details={"changes": changes},
    )
    return busy


def test_who_has_another_address_since_is_named_and_not_taken_for_staff(
    moved: Organization, manager: User, client_for: ClientFor
) -> None:
    rows = client_for(manager).get(reverse("activity"), {"category": "people"}).context["rows"]
    assert [row.who for row, _ in rows] == [manager.name, manager.name]


def test_the_export_names_who_has_another_address_since(
    moved: Organization, manager: User, client_for: ClientFor
) -> None:
    response: Any = client_for(manager).get(reverse("activity-jsonl"), {"category": "people"})
    rows = [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]
    assert {row["who"] for row in rows} == {manager.name}


def test_it_is_narrowed_to_a_person_by_former_addresses_too(
    moved: Organization, manager: User, client_for: ClientFor
) -> None:
    assert "Invited a person" in page(client_for(manager), person=str(manager.pk))


def test_it_finds_a_person_by_the_name_that_it_shows(
    busy: Organization, manager: User, asha: User, client_for: ClientFor
) -> None:
    assert "Invited a person" in page(client_for(manager), q="asha a")


@pytest.mark.parametrize(
    ("changes", "present"),
    [
        ([("a", "b")], {"a": "b"}),
        ([("a", "b"), ("b", "c")], {"a": "c", "b": "c"}),
        ([("a", "b"), ("b", "a")], {"b": "a"}),
    ],
)
def test_a_former_address_leads_to_the_present_one(
    changes: list[tuple[str, str]], present: dict[str, str]
) -> None:
    assert resolved({"from": old, "to": new} for old, new in changes) == present


def test_it_is_narrowed_to_a_report_and_leads_to_it(
    busy: Organization, formats: None, manager: User, valuer: User, client_for: ClientFor
) -> None:
    with organization_active(busy.placement):
        report: Report = begin(busy, valuer)
    text = page(client_for(manager), report=report.reference)
    assert reverse("reports:detail", args=[report.pk]) in text
    assert "Added a photograph" not in text


def test_pages_follow_one_another_without_a_gap(
    firm: Organization, manager: User, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with organization_active(firm.placement):
        for number in range(7):
            record_activity("photograph_added", by=manager, target=f"own-{number}")
            # Several of one millisecond.
            same = [reading_entry(firm, f"system-{number}-{letter}") for letter in "ab"]
            AuditEntry.objects.bulk_create(same)
        seen, place = list[str](), Place()
        while True:
            found = reading.page_of(reading.Wanted(words="-"), place, size=4)
            seen += [one.text("target") for one in found.entries]
            if found.older is None:
                break
            place = Place.read(str(found.older))
    assert len(seen) == len(set(seen)) == 21


def reading_entry(firm: Organization, target: str) -> AuditEntry:
    at = datetime(2026, 11, 23, 10, tzinfo=UTC)
    return AuditEntry(at=at, action="invitation.sent", actor="system", org_id=firm.org_id, target=target)


def test_a_page_costs_four_commands_of_its_own_and_one_for_addresses_that_nobody_has(
    busy: Organization, manager: User, client_for: ClientFor, commands: Commands
) -> None:
    client = client_for(manager)
    client.get(reverse("work"))
    with commands() as sent:
        client.get(reverse("activity"))
    # The session; people, the firm's record, the system's, and who had the address of the staff before. None
    # of the rows is about a report.
    assert len(sent) == 1 + 4, [f"{one.name} {one.collection}" for one in sent]


def test_the_firms_record_is_read_by_an_index(busy: Organization) -> None:
    from django.db import connections

    with organization_active(busy.placement):
        collection = connections[busy.org_id].database["activity_logs"]  # type: ignore[attr-defined]
        query = reading.activity_query(reading.Wanted(), Place())
        plan = str(collection.find(query).sort("_id", -1).limit(51).explain()["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in plan
    assert "SORT'" not in plan


# Taken away --------------------------------------------------------------------------------------------


def exported(client: Client, form: str, **query: str) -> str:
    response: Any = client.get(reverse(f"activity-{form}"), query)
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode("utf-8-sig")


def test_the_export_has_what_the_filters_leave(
    busy: Organization, manager: User, client_for: ClientFor
) -> None:
    rows = list(csv.DictReader(io.StringIO(exported(client_for(manager), "csv", category="reports"))))
    assert [(row["who"], row["target"], row["number"]) for row in rows] == [
        ("Vikram Valuer", "front.jpg", "1")
    ]


def test_an_exported_entry_can_be_verified_elsewhere(
    busy: Organization, manager: User, client_for: ClientFor
) -> None:
    import hashlib

    rows = [json.loads(line) for line in exported(client_for(manager), "jsonl").splitlines()]
    own = sorted((one for one in rows if one["record"] == "activity"), key=lambda one: one["number"])
    previous = ""
    for row in own:
        said = [previous, row["number"], *[row["stored"][name] for name in ACTIVITY.fields]]
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(text.encode()).hexdigest() == row["hash"]
        previous = row["hash"]
    assert len(own) == 2


def test_the_export_is_recorded(busy: Organization, manager: User, client_for: ClientFor) -> None:
    exported(client_for(manager), "csv", q="front")
    entry = AuditEntry.objects.get(action="activity.exported")
    assert (entry.actor, entry.org_id, entry.details) == (
        manager.email,
        busy.org_id,
        {"form": "csv", "filters": {"q": "front"}},
    )


def test_a_plan_without_the_export_says_so(busy: Organization, manager: User, client_for: ClientFor) -> None:
    Organization.objects.filter(pk=busy.pk).update(plan="basic", limits={"features": []})
    client = client_for(manager)
    response = client.get(reverse("activity-csv"))
    assert (response.status_code, "does not include" in response.content.decode()) == (403, True)
    assert "does not include the export" in page(client)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_taken_for_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_a_negative_number_stays_one() -> None:
    assert [safe_cell(value) for value in (7, None, {"a": 1}, "x")] == ["7", "", '{"a": 1}', "x"]


# In words ----------------------------------------------------------------------------------------------


def entry(action: str, kept: Kept = Kept.AUDIT, **document: Any) -> Entry:
    at = datetime(2026, 11, 23, 10, tzinfo=UTC)
    return Entry(kept, action_named(action), {"at": at, "action": action, **document})


def test_a_saved_section_tells_each_answer_before_and_after() -> None:
    changes = [
        {"path": "land.rate", "label": "Rate", "before": None, "after": {"value": "9", "unit": "sqft"}}
    ]
    told = tell(entry("section_saved", Kept.ACTIVITY, details={"label": "Land", "changes": changes}), {})
    assert told.words == "saved Land"
    assert [(one.label, one.before, one.after) for one in told.changes] == [("Rate", "empty", "9 sqft")]


def test_a_step_of_a_report_tells_its_state_before_and_after() -> None:
    details = {"from": "in_review", "to": "changes_requested", "note": "Rate?"}
    told = tell(entry("report_returned", Kept.ACTIVITY, details=details), {})
    assert [(one.before, one.after) for one in told.changes] == [("in review", "changes requested")]
    assert told.facts == [("Note", "Rate?")]


def test_a_letterhead_tells_only_what_differs() -> None:
    change = {"letterhead": {"from": {"name": "A", "phone": "1"}, "to": {"name": "A", "phone": "2"}}}
    told = tell(entry("firm.changed", details={"changes": change}), {})
    assert [(one.label, one.before, one.after) for one in told.changes] == [("Letterhead, phone", "1", "2")]


@pytest.mark.parametrize(
    ("actor", "who", "origin"),
    [
        ("meera@alpha.example", "Meera", "192.0.2.1"),
        ("system", "The system", "192.0.2.1"),
        ("unknown", "Somebody", "192.0.2.1"),
        ("sunita@staff.example", "Staff", ""),
    ],
)
def test_of_the_staff_a_firm_learns_that_they_are_staff(actor: str, who: str, origin: str) -> None:
    told = tell(entry("firm.changed", actor=actor, ip="192.0.2.1"), {"meera@alpha.example": "Meera"})
    assert (told.who, told.origin) == (who, origin)


def test_of_support_a_firm_learns_which_of_the_staff_it_was() -> None:
    told = tell(entry("support.viewed", actor="sunita@staff.example"), {})
    assert ("By", "sunita@staff.example") in told.facts


def test_two_records_are_merged_by_time() -> None:
    def at(hour: int) -> Entry:
        return Entry(Kept.AUDIT, action_named("x"), {"at": datetime(2026, 1, 1, hour, tzinfo=UTC)})

    hours = [one.at.hour for one in merged([at(9), at(5)], [at(8), at(5), at(1)])]
    assert hours == [9, 8, 5, 5, 1]


@pytest.mark.parametrize("text", ["-.-.0", f"{'a' * 24}.1795430100123.2"])
def test_a_place_is_read_as_it_was_written(text: str) -> None:
    assert str(Place.read(text)) == text
