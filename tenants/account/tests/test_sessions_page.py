"""The list of own sessions, and ending them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tenants.account.devices import device_in_words
from tenants.models import AuditEntry, Session, User
from tenants.mongodb.monitoring import Command

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"


def page(client: Client) -> str:
    return client.get(reverse("sessions")).content.decode()


def end(client: Client, which: str) -> Any:
    return client.post(reverse("sessions"), {"end": which})


def id_of(client: Client) -> str:
    return Session.objects.get(pk=client.session.session_key).public_id


def at_work(client: Client) -> bool:
    return client.get(reverse("work")).status_code == 200


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (f"{WINDOWS} Chrome/142.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"{WINDOWS} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "Edge on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/142.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl"),
        ("", "Unknown device"),
    ],
)
def test_it_names_a_device_in_words(agent: str, words: str) -> None:
    assert device_in_words(agent) == words


def test_it_lists_every_place_where_the_person_is_signed_in(valuer: User, client_for: ClientFor) -> None:
    here, _there = client_for(valuer), client_for(valuer)
    assert page(here).count("by password") == 2


def test_it_marks_this_one(valuer: User, client_for: ClientFor) -> None:
    here, _there = client_for(valuer), client_for(valuer)
    assert page(here).count("This one") == 1


def test_it_shows_no_key_of_any_session(valuer: User, client_for: ClientFor) -> None:
    here, there = client_for(valuer), client_for(valuer)
    keys = [str(one.session.session_key) for one in (here, there)]
    assert not any(key in page(here) for key in keys)


def test_it_lists_nobody_elses(valuer: User, other_valuer: User, client_for: ClientFor) -> None:
    here, of_other = client_for(valuer), client_for(other_valuer)
    assert id_of(of_other) not in page(here)


def test_it_asks_one_command_of_its_own(valuer: User, client_for: ClientFor, commands: Commands) -> None:
    here = client_for(valuer)
    with commands() as sent:
        page(here)
    assert [(one.database, one.name) for one in sent] == [("valuation_admin", "aggregate")] * 2


def test_staff_have_it_too(staff: User, client_for: ClientFor) -> None:
    assert "This one" in page(client_for(staff))


def test_an_ended_one_is_refused_on_its_next_request(valuer: User, client_for: ClientFor) -> None:
    here, there = client_for(valuer), client_for(valuer)
    end(here, id_of(there))
    assert (at_work(here), at_work(there)) == (True, False)


def test_all_others_end_at_once(valuer: User, client_for: ClientFor) -> None:
    here, one, two = (client_for(valuer) for _ in range(3))
    end(here, "others")
    assert [at_work(each) for each in (here, one, two)] == [True, False, False]


def test_nobody_ends_another_persons(valuer: User, other_valuer: User, client_for: ClientFor) -> None:
    here, of_other = client_for(valuer), client_for(other_valuer)
    end(here, id_of(of_other))
    assert at_work(of_other)


def test_ending_others_leaves_a_rivals_alone(valuer: User, rival_valuer: User, client_for: ClientFor) -> None:
    here, of_rival = client_for(valuer), client_for(rival_valuer)
    end(here, "others")
    assert at_work(of_rival)


@pytest.mark.parametrize("which", ["", "this one"])
def test_this_one_is_not_ended_here(which: str, valuer: User, client_for: ClientFor) -> None:
    here = client_for(valuer)
    end(here, id_of(here) if which else "")
    assert at_work(here)


def test_ending_one_is_audited(valuer: User, client_for: ClientFor) -> None:
    here, there = client_for(valuer), client_for(valuer)
    end(here, id_of(there))
    entry = AuditEntry.objects.get(action="session.ended")
    assert (entry.org_id, entry.actor, entry.details) == (
        "alpha_valuers",
        valuer.email,
        {"which": "one", "sessions": 1},
    )


def test_what_had_ended_already_is_not_audited(valuer: User, client_for: ClientFor) -> None:
    end(client_for(valuer), "0" * 24)
    assert not AuditEntry.objects.filter(action="session.ended").exists()
