"""Fills this application's databases: ``python -m bench._requests.ours FIRMS REPORTS NEWEST FILE``.

Firms come from the application's own ``create_organization``, people are signed in through its own session
engine; reports are inserted as they would be stored. FILE receives what the load needs, as JSON.
"""

from __future__ import annotations

import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import django
from bson import Decimal128

from bench._requests import seeded
from bench._requests.data import PERSON, ROLE, Firm, firms, reports
from bench._requests.load import Target

HOST = "127.0.0.1"


def main(arguments: list[str]) -> None:
    count, reports_each, newest, file = arguments
    django.setup()
    from django.core.management import call_command

    from tenants.models import Cluster

    call_command("migrate", database="default", verbosity=0)
    call_command("migrate", database="shared", verbosity=0)
    Cluster.objects.get_or_create(name="primary", defaults={"address_setting": "MONGODB_URI"})
    targets = [_fill(firm, int(reports_each), datetime.fromisoformat(newest)) for firm in firms(int(count))]
    seeded.write(Path(file), targets, _commands(targets[0]))
    from tenants.mongodb.clients import clients

    clients.close_all()


def _commands(target: Target) -> list[str]:
    """What the page sends when its process has shown it before."""
    from tenants.mongodb.monitoring import command_listener

    seeded.page_in_process(target)
    with command_listener.recording() as sent:
        seeded.page_in_process(target)
    return [str(command) for command in sent]


def _fill(firm: Firm, count: int, newest: datetime) -> Target:
    """The firm with its reports, and its person's cookies."""
    from django.conf import settings
    from django.test import Client

    from tenants.models import User
    from tenants.mongodb.clients import clients
    from tenants.operations.provision import NewOrganization, create_organization

    organization = create_organization(NewOrganization(firm.org_id, firm.name, firm.initials), by=None)
    user = User(email=firm.email, name=PERSON, organization=organization, role=ROLE)
    user.set_unusable_password()
    user.save()
    collection = clients.for_address(organization.address_setting)[firm.org_id]["reports"]
    stored = reports(firm, count=count, me=str(user.pk), newest=newest)
    collection.insert_many([{name: as_stored(value) for name, value in one.items()} for one in stored])
    browser = Client()
    browser.force_login(user)
    cookies = {settings.SESSION_COOKIE_NAME: browser.cookies[settings.SESSION_COOKIE_NAME].value}
    return Target(host=HOST, cookies=cookies, mark=firm.mark, name=firm.name)


def as_stored(value: Any) -> Any:
    """As the application's models store it: money is a ``Decimal128``."""
    return Decimal128(value) if isinstance(value, Decimal) else value


if __name__ == "__main__":
    main(sys.argv[1:])
