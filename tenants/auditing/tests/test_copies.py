"""What becomes of a chain in a copy of a firm: as it was, or chained anew where its entries were masked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tenants.audit import record_activity
from tenants.auditing.chain import chain_pending
from tenants.auditing.checking import check_activity
from tenants.auditing.hashing import ACTIVITY
from tenants.context import organization_active
from tenants.models import Organization, User
from tenants.operations.cloning import CLONE, request_clone
from tenants.operations.engine import run_operation
from tests.operations.firms import databases_dropped, make_firm

GAMMA, COPY = "gamma_valuers", "gamma_trial"


@pytest.fixture
def gamma(database: None) -> Iterator[Organization]:
    with databases_dropped(GAMMA, COPY):
        yield make_firm(GAMMA, "Gamma Valuers", "GV")


@pytest.mark.parametrize("mask", [False, True])
def test_a_copys_record_is_sound(gamma: Organization, manager: User, mask: bool) -> None:
    with organization_active(gamma.placement):
        chain_pending(ACTIVITY, GAMMA)
        record_activity("comment_added", by=manager, details={"text": "Meera Manager said so"})
    run_operation(request_clone(gamma, COPY, "Trial", "TR", mask, by=None), CLONE)
    copied = check_activity(Organization.objects.get(org_id=COPY))
    assert (copied.findings.entries, copied.findings.problems) == (31, [])
