"""Renaming an organization: the name and the initials, never the org_id, and never while it is worked on."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from bson import ObjectId
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from tenants.models import AuditEntry, Organization, User
from tenants.operations.renaming import RenameRefused, rename_organization


def stored(firm: Organization) -> Organization:
    return Organization.objects.get(org_id=firm.org_id)


def test_it_gives_another_name(firm: Organization, staff: User) -> None:
    rename_organization(firm, name="Alpha & Sons Valuers", by=staff)
    assert stored(firm).name == "Alpha & Sons Valuers"


def test_what_is_not_named_stays(firm: Organization, staff: User) -> None:
    rename_organization(firm, initials="ASV", by=staff)
    found = stored(firm)
    assert (found.org_id, found.name, found.initials) == ("alpha_valuers", "Alpha Valuers", "ASV")


def test_the_letterhead_keeps_its_name_unless_asked(firm: Organization, staff: User) -> None:
    rename_organization(firm, name="Another", by=staff)
    assert stored(firm).letterhead["name"] == "Alpha Valuers"


def test_asked_to_it_prints_the_name_on_the_letterhead(firm: Organization, staff: User) -> None:
    Organization.objects.filter(pk=firm.pk).update(letterhead={"name": "Alpha Valuers", "phone": "080 1"})
    rename_organization(firm, name="Another", letterhead=True, by=staff)
    assert stored(firm).letterhead == {"name": "Another", "phone": "080 1"}


def test_it_records_what_was_changed(firm: Organization, staff: User) -> None:
    rename_organization(firm, name="Another", by=staff)
    entry = AuditEntry.objects.get(action="organization.renamed", org_id=firm.org_id)
    assert (entry.actor, entry.details) == (
        staff.email,
        {"changes": {"name": {"from": "Alpha Valuers", "to": "Another"}}},
    )


def test_nothing_to_change_is_not_recorded(firm: Organization, staff: User) -> None:
    assert rename_organization(firm, name="Alpha Valuers", by=staff).changes == {}
    assert not AuditEntry.objects.filter(action="organization.renamed").exists()


@pytest.mark.parametrize("initials", ["lower", "TOOLONGER", "A-B"])
def test_initials_that_are_none_are_refused(firm: Organization, staff: User, initials: str) -> None:
    with pytest.raises(ValidationError):
        rename_organization(firm, initials=initials, by=staff)


def test_a_firm_that_is_worked_on_is_not_renamed(firm: Organization, staff: User) -> None:
    Organization.objects.filter(pk=firm.pk).update(operation=ObjectId())
    with pytest.raises(RenameRefused, match="An operation is working on"):
        rename_organization(firm, name="Another", by=staff)


def test_a_deleted_firm_is_not_renamed(firm: Organization, staff: User) -> None:
    Organization.objects.filter(pk=firm.pk).update(status="deleted")
    with pytest.raises(RenameRefused, match="is deleted"):
        rename_organization(firm, name="Another", by=staff)


def test_the_command_tells_machines_what_it_changed(firm: Organization) -> None:
    out = StringIO()
    call_command("rename_org", firm.org_id, "--name", "Another", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {
        "org_id": "alpha_valuers",
        "name": "Another",
        "initials": "AV",
        "changes": {"name": {"from": "Alpha Valuers", "to": "Another"}},
    }


def test_the_command_names_a_firm_that_is_not_there(database: None) -> None:
    with pytest.raises(CommandError, match="There is no organization “nobody_at_all”"):
        call_command("rename_org", "nobody_at_all", "--name", "Another")
