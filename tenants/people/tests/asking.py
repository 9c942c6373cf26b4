"""What the tests of people share: colleagues with a way in, seats of a plan, people who ask at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from django.db import connections

from conftest import person
from tenants.models import Organization, User
from tenants.permissions import Role


def colleague(firm: Organization, name: str = "Carla Colleague", role: Role = Role.VALUER) -> User:
    """Somebody with a password: a seat is theirs."""
    user = person(firm, name, role)
    user.set_password("a-password-for-tests-only")
    user.email = f"{name.lower().replace(' ', '.')}@alpha-valuers.example"
    user.save()
    return user


def with_seats(firm: Organization, seats: int | None, **values: object) -> Organization:
    """The firm with a plan of so many seats, as its record says it."""
    limits = {"seats": seats, "features": []} if seats is not None else None
    Organization.objects.filter(pk=firm.pk).update(limits=limits, **values)
    firm.limits = limits
    return firm


def invited_ago(user: User, **ago: float) -> User:
    """The person as if the invitation had been sent so long ago."""
    assert user.invited_at is not None
    User.objects.filter(pk=user.pk).update(invited_at=user.invited_at - timedelta(**ago))
    return User.objects.get(pk=user.pk)


def at_once(jobs: Sequence[Callable[[], object]]) -> list[object]:
    """What the jobs return, or raise, begun in one moment, each on a thread of its own."""
    start = Barrier(len(jobs))

    def run(job: Callable[[], object]) -> object:
        start.wait()
        try:
            return job()
        except Exception as error:  # noqa: BLE001 - what it is, is for the test to say
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))
