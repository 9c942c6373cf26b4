"""``GET /api/banks`` and ``GET /api/banks/{code}``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from banks.models import BankOverride
from tenants.context import organization_active
from tenants.models import Organization, User

ClientFor = Callable[[User], Client]
pytestmark = pytest.mark.usefixtures("formats")


def change(firm: Organization, **fields: Any) -> None:
    """What the firm lays over the State Bank of India."""
    with organization_active(firm.placement):
        BankOverride.objects.create(bank_code="SBI", **fields)


def test_it_lists_the_shared_banks(client_for: ClientFor, viewer: User) -> None:
    told = client_for(viewer).get("/api/banks").json()

    assert {"SBI", "BOB"} <= {bank["code"] for bank in told["results"]}


def test_it_finds_a_bank_by_its_words(client_for: ClientFor, viewer: User) -> None:
    told = client_for(viewer).get("/api/banks", {"q": "INDIA state"}).json()

    assert [bank["code"] for bank in told["results"]] == ["SBI"]


def test_it_lays_the_firms_values_over_the_shared_ones(
    client_for: ClientFor, firm: Organization, viewer: User
) -> None:
    change(firm, changes={"short_name": "SBI Bengaluru"})

    told = client_for(viewer).get("/api/banks/SBI").json()

    assert (told["short_name"], told["origins"]["short_name"], told["origins"]["name"]) == (
        "SBI Bengaluru",
        "firm",
        "shared",
    )


def test_it_shows_no_firm_what_a_rival_changed(
    client_for: ClientFor, rival: Organization, viewer: User
) -> None:
    change(rival, changes={"short_name": "Rival's name"})

    assert client_for(viewer).get("/api/banks/SBI").json()["short_name"] == "State Bank of India"


def test_it_leaves_out_a_bank_that_the_firm_hides(
    client_for: ClientFor, firm: Organization, viewer: User
) -> None:
    change(firm, hidden=True)
    browser = client_for(viewer)

    assert "SBI" not in {bank["code"] for bank in browser.get("/api/banks").json()["results"]}
    assert browser.get("/api/banks/SBI").status_code == 404


def test_it_tells_the_branches_of_a_bank(client_for: ClientFor, viewer: User) -> None:
    told = client_for(viewer).get("/api/banks/SBI").json()

    assert "SBI_BLR_MGR" in {branch["code"] for branch in told["branches"]}


def test_it_tells_a_branch_that_the_firm_added(
    client_for: ClientFor, firm: Organization, viewer: User
) -> None:
    change(firm, branches={"OWN_1": {"name": "Own branch", "city": "Mysuru"}})

    branches = client_for(viewer).get("/api/banks/SBI", {"q": "mysuru"}).json()["branches"]

    assert [(branch["code"], branch["own"]) for branch in branches] == [("OWN_1", True)]


def test_it_tells_how_many_branches_match_beyond_the_limit(client_for: ClientFor, viewer: User) -> None:
    told = client_for(viewer).get("/api/banks/SBI", {"limit": 1}).json()

    assert (len(told["branches"]), told["branch_count"]) == (1, 4)


def test_it_tells_the_formats_of_a_bank(client_for: ClientFor, viewer: User) -> None:
    formats = client_for(viewer).get("/api/banks/SBI").json()["formats"]

    assert ("general", "land_building", 2) in {
        (one["scheme"], one["property_type"], one["version"]) for one in formats
    }


@pytest.mark.parametrize("code", ["NONE", "sbi", "../SBI", "%24ne"])
def test_it_has_no_bank_of_another_code(client_for: ClientFor, viewer: User, code: str) -> None:
    answer = client_for(viewer).get(f"/api/banks/{code}")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["/api/banks", "/api/banks/SBI"])
def test_it_asks_somebody_unknown_to_sign_in(database: None, path: str) -> None:
    assert Client().get(path).status_code == 401


@pytest.mark.parametrize("path", ["/api/banks", "/api/banks/SBI"])
def test_it_refuses_staff(client_for: ClientFor, staff: User, path: str) -> None:
    assert client_for(staff).get(path).status_code == 403


@pytest.mark.parametrize(
    ("path", "query", "parameter"),
    [
        ("/api/banks", {"search": "x"}, "search"),
        ("/api/banks", {"q": "x" * 201}, "q"),
        ("/api/banks", {"q": "\0"}, "q"),
        ("/api/banks/SBI", {"limit": "501"}, "limit"),
        ("/api/banks/SBI", {"limit": "many"}, "limit"),
    ],
)
def test_it_names_a_wrong_parameter(
    client_for: ClientFor, viewer: User, path: str, query: dict[str, str], parameter: str
) -> None:
    answer = client_for(viewer).get(path, query)

    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, parameter)


@pytest.mark.parametrize(("path", "budget"), [("/api/banks", 3), ("/api/banks/SBI", 4)])
def test_it_keeps_to_its_commands(
    client_for: ClientFor, viewer: User, commands: Callable[[], Any], path: str, budget: int
) -> None:
    browser = client_for(viewer)
    with commands() as sent:
        browser.get(path)

    assert len(sent) <= budget, sent


def test_it_tells_the_branches_page_by_page(client_for: ClientFor, viewer: User) -> None:
    browser = client_for(viewer)
    pages = [
        browser.get("/api/banks/SBI", {"limit": 3, "page": page}).json()["branches"] for page in (1, 2, 3)
    ]
    names = [branch["name"] for page in pages for branch in page]
    assert ([len(page) for page in pages], names) == ([3, 1, 0], sorted(names, key=str.casefold))


FORMAT = "/api/banks/SBI/formats/general/land_building"
CHANGES = {
    "parameters": {"realizable_percent": "85"},
    "fields": {
        "common.details.applicant_name": {"label": "Borrower"},
        "land.valuation.rate_reason": {"hidden": True},
    },
}


def test_it_tells_a_format_as_the_firm_sees_it(
    client_for: ClientFor, firm: Organization, viewer: User
) -> None:
    change(firm, formats={"general/land_building": {"all": CHANGES}})

    told = client_for(viewer).get(FORMAT).json()

    assert told["content"]["parameters"]["realizable_percent"] == "85"
    assert told["origins"]["parameters.realizable_percent"] == "firm"
    assert told["origins"]["common.details.applicant_name.label"] == "firm"
    assert told["origins"]["common.details.purpose.label"] == "shared"
    assert told["hidden"] == {"land.valuation.rate_reason": "firm"}
    assert (told["version"], told["branch"], told["stale"]) == (2, "", [])


def test_it_tells_a_format_for_one_branch(client_for: ClientFor, firm: Organization, viewer: User) -> None:
    branches = {"SBI_BLR_MGR": {"parameters": {"realizable_percent": "80"}}}
    change(firm, formats={"general/land_building": {"all": CHANGES, "branches": branches}})

    told = client_for(viewer).get(FORMAT, {"branch": "SBI_BLR_MGR"}).json()

    assert told["content"]["parameters"]["realizable_percent"] == "80"
    assert told["origins"]["parameters.realizable_percent"] == "branch"


def test_it_tells_what_has_no_effect_any_more(
    client_for: ClientFor, firm: Organization, viewer: User
) -> None:
    gone = {"fields": {"land.valuation.gone": {"label": "Gone"}}}
    change(firm, formats={"general/land_building": {"all": gone}})

    (stale,) = client_for(viewer).get(FORMAT).json()["stale"]

    assert stale["place"] == "format.general/land_building/@/label/land.valuation.gone"
    assert "no field land.valuation.gone" in stale["problem"]


def test_it_names_a_branch_that_the_bank_has_not(client_for: ClientFor, viewer: User) -> None:
    answer = client_for(viewer).get(FORMAT, {"branch": "NOWHERE"})

    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "branch")


@pytest.mark.parametrize(
    "path",
    [
        "/api/banks/NONE/formats/general/land_building",
        "/api/banks/SBI/formats/general/castle",
        "/api/banks/SBI/formats/$ne/..",
    ],
)
def test_it_has_no_format_of_another_name(client_for: ClientFor, viewer: User, path: str) -> None:
    assert client_for(viewer).get(path).status_code == 404


def test_it_has_no_format_of_a_bank_that_the_firm_hides(
    client_for: ClientFor, firm: Organization, viewer: User
) -> None:
    change(firm, hidden=True)

    assert client_for(viewer).get(FORMAT).status_code == 404


def test_a_rival_sees_nothing_of_what_a_firm_changes_of_a_format(
    client_for: ClientFor, rival: Organization, viewer: User
) -> None:
    change(rival, formats={"general/land_building": {"all": CHANGES}})

    assert "firm" not in client_for(viewer).get(FORMAT).json()["origins"].values()


def test_a_format_keeps_to_its_commands(
    client_for: ClientFor, viewer: User, commands: Callable[[], Any]
) -> None:
    browser = client_for(viewer)
    with commands() as sent:
        browser.get(FORMAT)

    # The session; override, bank, list of formats; content and override.
    assert len(sent) <= 6, sent
