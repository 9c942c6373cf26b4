"""Whether there is room: by the figures, and counting those who are being made in the same moment."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice

import pytest

from tenants.models import Cluster, Operation, OperationStatus, Organization
from tenants.operations import capacity, provision
from tenants.operations.capacity import NoRoom, Room, Wanted, measure, shortage, wait_for_room
from tenants.operations.clusters import look_at_clusters
from tenants.operations.provision import NewOrganization, create_organization
from tenants.operations.signups import create_one

WANTED = Wanted("east", "MONGODB_URI", capacity=10)


@pytest.mark.parametrize(
    ("room", "promised", "fits"),
    [
        (Room(1470, 2000), 0, True),
        (Room(1471, 2000), 0, False),
        # Connections are files too.
        (Room(1400, 2000, connections=71), 0, False),
        # Those who are being made have not opened theirs yet.
        (Room(1410, 2000), 2, True),
        (Room(1411, 2000), 2, False),
        # A large server keeps a tenth free.
        (Room(17_970, 20_000), 0, True),
        (Room(17_971, 20_000), 0, False),
        (Room(10, 2000, connections_available=19), 0, False),
        (Room(1_000_000, None), 0, True),
    ],
)
def test_an_organization_fits_by_the_figures(room: Room, promised: int, fits: bool) -> None:
    wanted = Wanted("east", "MONGODB_URI", capacity=10, promised=promised)
    assert (shortage(room, wanted) is None) is fits


@pytest.mark.parametrize(
    ("room", "wanted", "figures"),
    [
        (Room(1900, 2000, 40), WANTED, ["1900 files", "of 2000", "40 connections", "needs 30", "500 stay"]),
        (Room(1, 2000, 40, 7), WANTED, ["40 connections", "7 left"]),
        (Room(1, 2000), Wanted("east", "X", 10, organizations=10), ["10 organizations of 10"]),
        (Room(1450, 2000), Wanted("east", "X", 10, promised=3), ["3 others are being made"]),
    ],
)
def test_a_refusal_has_the_figures(room: Room, wanted: Wanted, figures: list[str]) -> None:
    refusal = str(shortage(room, wanted))
    assert [one for one in figures if one not in refusal] == []


def test_what_waiting_cannot_cure_is_refused_at_once() -> None:
    def claim() -> None:
        raise NoRoom("The cluster is full.")

    with pytest.raises(NoRoom):
        wait_for_room(claim, seconds=sys.maxsize, tell=pytest.fail)


def test_it_waits_until_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "POLL_SECONDS", 0.001)
    told: list[str] = []

    def claim() -> str:
        if len(told) < 3:
            raise NoRoom("Files are open.", may_pass=True)
        return "claimed"

    assert wait_for_room(claim, seconds=60, tell=told.append) == "claimed"


def test_it_gives_up_with_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "POLL_SECONDS", 0.001)

    def claim() -> None:
        raise NoRoom("1900 files.", may_pass=True)

    with pytest.raises(NoRoom, match="1900 files"):
        wait_for_room(claim, seconds=0.01, tell=lambda text: None)


# Measured -----------------------------------------------------------------------------------------------


def test_the_limit_of_a_server_on_this_machine_is_its_own(database: None) -> None:
    assert measure("MONGODB_URI", open_file_limit=5).limit not in (None, 5)


def test_the_limit_of_a_server_elsewhere_is_what_its_record_says(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity, "_limit_of_process", lambda status: None)
    assert measure("MONGODB_URI", open_file_limit=64_000).limit == 64_000


def test_nobody_having_said_it_the_limit_is_what_its_connections_say(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = measure("MONGODB_URI").limit
    monkeypatch.setattr(capacity, "_limit_of_process", lambda status: None)
    inferred = measure("MONGODB_URI").limit
    assert own is not None
    assert inferred is not None
    # Never more than the truth: by rounding, or by a maximum of connections that the server was given.
    assert 0 < inferred <= own


def test_a_cluster_shows_its_connections_and_whether_it_takes_new_ones(database: None) -> None:
    (state,) = look_at_clusters(list(Cluster.objects.all()))
    assert state.room is not None
    assert state.room.connections > 0
    assert state.accepts_new


# At once ------------------------------------------------------------------------------------------------


def test_twenty_at_once_do_not_pass_together(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are as measured before any of them opened one; there is room for five."""
    monkeypatch.setattr(capacity, "measure", lambda *asked: Room(1350, 2000))
    fifteen_refused = threading.Event()

    def wait_for_the_others(organization: Organization) -> None:
        assert fifteen_refused.wait(timeout=60)

    monkeypatch.setattr(provision, "create_schema", wait_for_the_others)
    wanted = [NewOrganization(f"crowd_{number:02}", f"Crowd {number}", "CR") for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        futures = [pool.submit(create_one, one, by=None) for one in wanted]
        refused = [one.result() for one in islice(as_completed(futures, timeout=60), 15)]
        fifteen_refused.set()
        outcomes = [one.result() for one in futures]
    assert [one.problem for one in refused if "files open" not in one.problem] == []
    assert sum(one.status == "active" for one in outcomes) == 5


def test_one_whose_runner_died_is_not_counted_for_ever(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity, "measure", lambda *asked: Room(1470, 2000))
    create_organization(NewOrganization("gone_valuers", "Gone Valuers", "GO"), by=None)
    Operation.objects.update(
        status=OperationStatus.RUNNING, lease_until=None, state={"room": "primary", "room_of": "nobody"}
    )
    assert create_organization(NewOrganization("next_valuers", "Next Valuers", "NV"), by=None).is_active
