"""The table of addresses is whole and true: every pattern is in it, and it says what the views say."""

from __future__ import annotations

import ast
import importlib
import inspect
import runpy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import Settings

from tenants.permissions import PERMISSIONS_OF_ROLE, Permission
from tests.isolation.addresses import (
    ALL,
    Address,
    Kind,
    Roles,
)
from tests.isolation.addresses_beside import ANSWERED_BY_MIDDLEWARE, HANDLERS, ONLY_IN_DEVELOPMENT
from tests.isolation.all_addresses import ADDRESSES, FIRM_ADDRESSES, STAFF_ADDRESSES

PAGES = [one for one in FIRM_ADDRESSES if one.kind is Kind.PAGE]
API = [one for one in FIRM_ADDRESSES if one.kind is Kind.API]
# Named in the middleware to tell kinds of address apart, not to answer them.
TOLD_APART = {
    "/api/": "Answers below it are JSON.",
    "/sign-in/": "Open to people of a suspended firm.",
    "/sign-out/": "Open to people of a suspended firm.",
    "/static/": "Open to people of a suspended firm.",
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A URL pattern: its name with its namespaces, or its route when it has no name."""

    key: str
    view: Any


def patterns(resolver: Any, route: str = "", namespaces: str = "") -> Iterator[Pattern]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            inner = f"{namespaces}{one.namespace}:" if one.namespace else namespaces
            yield from patterns(one, f"{route}{one.pattern}", inner)
        else:
            assert isinstance(one, URLPattern)
            key = f"{namespaces}{one.name}" if one.name else f"{route}{one.pattern}"
            yield Pattern(key, one.callback)


def every_pattern() -> dict[str, Any]:
    return {one.key: one.view for one in patterns(get_resolver())}


def view_of(address: Address) -> Any:
    return every_pattern()[address.name]


def roles_with(permission: Permission | None) -> Roles:
    if permission is None:
        return ALL
    return frozenset(role for role, held in PERMISSIONS_OF_ROLE.items() if permission in held)


# All of it ----------------------------------------------------------------------------------------------


def test_every_pattern_is_in_the_table() -> None:
    assert sorted(set(every_pattern()) - {one.name for one in ADDRESSES}) == []


def test_every_row_of_the_table_has_its_pattern() -> None:
    assert sorted({one.name for one in ADDRESSES} - set(every_pattern())) == []


def test_no_pattern_hides_behind_the_name_of_another() -> None:
    counted = Counter(one.key for one in patterns(get_resolver()))
    assert [key for key, number in counted.items() if number > 1] == []


def test_no_row_stands_twice() -> None:
    counted = Counter(one.name for one in ADDRESSES)
    assert [name for name, number in counted.items() if number > 1] == []


def test_every_model_of_the_staff_is_in_the_table() -> None:
    registered = {f"admin:{model._meta.label_lower.replace('.', '_')}" for model in admin.site._registry}
    listed = {one.name.removesuffix("_changelist") for one in STAFF_ADDRESSES if "_changelist" in one.name}
    assert listed == registered


@pytest.mark.parametrize("address", [one for one in ADDRESSES if one.kind is Kind.OPEN], ids=str)
def test_what_is_open_to_everybody_says_why(address: Address) -> None:
    assert address.reason


# What the views say ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", PAGES, ids=str)
def test_a_page_asks_for_the_permission_of_its_row(address: Address) -> None:
    assert getattr(view_of(address), "permission", None) is address.permission
    assert address.permission is not None


@pytest.mark.parametrize("address", API, ids=str)
def test_an_address_of_the_api_asks_for_the_permissions_of_its_row(address: Address) -> None:
    view = view_of(address).view_class
    assert (view.may_read, view.may_write) == (address.permission, address.write_permission)


@pytest.mark.parametrize("address", FIRM_ADDRESSES, ids=str)
def test_the_roles_of_a_row_are_those_that_hold_its_permission(address: Address) -> None:
    assert address.who == roles_with(address.permission)


@pytest.mark.parametrize("address", API, ids=str)
def test_the_roles_that_write_by_the_api_hold_its_permission(address: Address) -> None:
    writing = [one.who for one in address.tries if one.method != "GET"]
    assert set(writing) == ({roles_with(address.write_permission)} if address.write_permission else set())


def methods_of(view: Any) -> set[str]:
    """The methods that a view takes, but for HEAD and OPTIONS."""
    view_class = getattr(view, "view_class", None)
    if view_class is not None:
        taken = {name.upper() for name in view_class.http_method_names if hasattr(view_class, name)}
    else:
        # What ``require_http_methods`` was given.
        taken = set(inspect.getclosurevars(view).nonlocals["request_method_list"])
    return taken - {"HEAD", "OPTIONS"}


@pytest.mark.parametrize("address", [one for one in FIRM_ADDRESSES if one.kind is not Kind.OPEN], ids=str)
def test_a_row_asks_by_every_method_that_its_view_takes(address: Address) -> None:
    assert {one.method for one in address.tries} == methods_of(view_of(address))


# Beside the patterns --------------------------------------------------------------------------------------


def test_the_patterns_of_development_are_known(settings: Settings) -> None:
    settings.DEBUG = settings.MAIL_OUTBOX = True
    made = runpy.run_path(str(settings.BASE_DIR / "valuation" / "urls.py"))["urlpatterns"]
    names = {one.name for one in made if isinstance(one, URLPattern)}
    assert names - set(every_pattern()) == set(ONLY_IN_DEVELOPMENT)


def test_the_handlers_of_failures_are_known() -> None:
    urls = importlib.import_module(settings.ROOT_URLCONF)
    assert {name for name in vars(urls) if name.startswith("handler")} == set(HANDLERS)


def test_no_middleware_answers_an_address_that_is_not_known() -> None:
    known = {one.path for one in ANSWERED_BY_MIDDLEWARE} | set(TOLD_APART)
    modules = {path.rpartition(".")[0] for path in settings.MIDDLEWARE}
    own = [one for one in modules if one.partition(".")[0] in ("valuation", "tenants", "banks", "reports")]
    assert {path for module in own for path in paths_in(module)} - known == set()


def paths_in(module: str) -> set[str]:
    """The texts of a module that look like a path."""
    source = Path(str(importlib.import_module(module).__file__)).read_text(encoding="utf-8")
    return {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("/")
    }
