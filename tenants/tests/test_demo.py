"""The demo data: repeatable, and never among a working system's organizations."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from tenants.models import Organization, User

pytestmark = pytest.mark.usefixtures("database")


def load(**options: bool) -> str:
    output = StringIO()
    call_command("load_demo", without_reports=True, stdout=output, **options)
    return output.getvalue()


def test_it_makes_two_firms_with_people_and_prints_the_sign_ins() -> None:
    said = load()
    assert set(Organization.objects.values_list("org_id", flat=True)) == {"demo_org_001", "demo_org_002"}
    for user in User.objects.all():
        assert user.email in said


def test_loading_it_again_adds_nothing() -> None:
    load()
    before = User.objects.count()
    load(unless_in_use=True)
    assert User.objects.count() == before


def test_it_stays_out_of_a_system_that_others_use(firm: Organization) -> None:
    said = load(unless_in_use=True)
    assert "No demo data" in said
    assert not User.objects.exists()


def test_it_stays_beside_an_organization_that_was_added_later() -> None:
    load()
    Organization.objects.filter(org_id="demo_org_002").update(org_id="some_other_firm")
    assert "No demo data" not in load(unless_in_use=True)
