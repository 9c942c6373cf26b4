"""Fills django-tenants' side: ``python -m bench._requests.rival.seed FIRMS REPORTS NEWEST FILE``.

The counterpart of ``bench._requests.ours``: the same firms, people and reports, signed in through Django.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import django
from django.db import connections

from bench._requests import seeded
from bench._requests.data import PERSON, ROLE, Firm, firms, reports
from bench._requests.load import Target


def main(arguments: list[str]) -> None:
    count, reports_each, newest, file = arguments
    django.setup()
    from django.core.management import call_command

    connection: Any = connections["default"]

    call_command("migrate_schemas", schema_name="public", verbosity=0, interactive=False)
    targets = [_fill(firm, int(reports_each), datetime.fromisoformat(newest)) for firm in firms(int(count))]
    connection.set_schema_to_public()
    with connection.cursor() as cursor:
        # So that the planner knows the tables, and an index alone can answer.
        cursor.execute("VACUUM (ANALYZE)")
    seeded.write(Path(file), targets, _commands(targets[0]))
    connection.close()


def _fill(firm: Firm, count: int, newest: datetime) -> Target:
    """The firm with its schema and reports, and its person's cookies.

    The tables are made from the model at once, as a clone of a base schema would have them: creating a firm
    is not what is measured, and a hundred runs of all migrations take longer than the whole measurement.
    """
    from django.conf import settings
    from django.test import Client

    from bench._requests.rival.firm.models import Report
    from bench._requests.rival.public import models

    connection: Any = connections["default"]
    connection.set_schema_to_public()
    stored = models.Firm.objects.create(
        schema_name=firm.org_id, name=firm.name, initials=firm.initials, letterhead={"name": firm.name}
    )
    host = f"{firm.org_id.replace('_', '-')}.localhost"
    models.Domain.objects.create(domain=host, tenant=stored, is_primary=True)
    person = models.Person(email=firm.email, name=PERSON, organization=stored, role=ROLE)
    person.set_unusable_password()
    person.save()
    browser = Client()
    browser.force_login(person)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {firm.org_id}")
    connection.set_tenant(stored)
    with connection.schema_editor() as editor:
        editor.create_model(Report)
    Report.objects.bulk_create(
        [Report(**values) for values in reports(firm, count=count, me=str(person.pk), newest=newest)],
        batch_size=500,
    )
    cookies = {settings.SESSION_COOKIE_NAME: browser.cookies[settings.SESSION_COOKIE_NAME].value}
    return Target(host=host, cookies=cookies, mark=firm.mark, name=firm.name)


def _commands(target: Target) -> list[str]:
    """What the page sends when its process has shown it before, the search path's settings included."""
    from django.test.utils import CaptureQueriesContext

    connection = connections["default"]
    seeded.page_in_process(target)
    with CaptureQueriesContext(connection) as sent:
        seeded.page_in_process(target)
    return [_shortened(query["sql"]) for query in sent.captured_queries]


def _shortened(sql: str) -> str:
    """A statement without its columns: the verb and the table, or the path that is set."""
    table = sql.partition(" FROM ")[2].split(" ")[0]
    return f"{sql.split(' ')[0]} {table}" if table else sql[:60]


if __name__ == "__main__":
    main(sys.argv[1:])
