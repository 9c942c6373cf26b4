"""The main pages: time as a multiple of reading one report with PyMongo, and database commands of each."""

from __future__ import annotations

import json
from functools import partial

from bench._timing import demo_application, medians_ms


def main() -> None:
    with demo_application():
        print(json.dumps(measure()))


def measure() -> dict[str, object]:
    """Medians in milliseconds, ratios to one ``find_one``, and commands by page."""
    from django.test import Client

    from reports.models import Report
    from tenants.context import organization_active
    from tenants.models import Organization, User
    from tenants.mongodb.clients import clients
    from tenants.mongodb.monitoring import command_listener

    firm = Organization.objects.get(org_id="demo_org_001")
    with organization_active(firm.placement):
        draft = Report.objects.get(status="draft")
    browser = Client()
    browser.force_login(User.objects.get(email="valuer@demo-valuers.example"))
    addresses = {
        "work": "/",
        "list": "/reports/",
        "detail": f"/reports/{draft.pk}/",
        "section": f"/reports/{draft.pk}/edit/building/valuation/",
        "api_report": f"/api/reports/{draft.pk}",
    }
    collection = clients.for_address("MONGODB_URI")["demo_org_001"]["reports"]
    commands = {}
    for name, address in addresses.items():
        browser.get(address)
        with command_listener.recording() as sent:
            response = browser.get(address)
        if response.status_code != 200:
            raise SystemExit(f"{address} answers {response.status_code}")
        commands[name] = len(sent)
    times = medians_ms(
        {
            "find_one": partial(collection.find_one, {"_id": draft.pk}),
            "healthz": partial(browser.get, "/healthz"),
            **{name: partial(browser.get, address) for name, address in addresses.items()},
        }
    )
    one = times["find_one"]
    return {
        "ms": times,
        "vs_find_one": {name: round(times[name] / one, 1) for name in addresses},
        "commands": commands,
    }


if __name__ == "__main__":
    main()
