"""Asking the firm's pages of banks: where they are, what their forms send, what they say."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from html import unescape
from typing import Any

from django.test import Client
from django.urls import reverse

from banks.models import BankOverride
from tenants.models import User
from tenants.mongodb.monitoring import Command

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]
Stored = Callable[[], BankOverride]
Does = Callable[..., BankOverride]

FORMAT = ("SBI", "general", "land_building")
SECTION = (*FORMAT, "general", "extent")
FIELD = (*SECTION, "extent_deed")
BRANCH = ("SBI", "SBI_DEL_CP")
PATH = "general.extent.extent_deed"
NAME = "general/land_building"

LOOKING = [
    ("banks", ()),
    ("bank", BRANCH[:1]),
    ("bank-branches", BRANCH[:1]),
    ("branch", BRANCH),
    ("bank-format", FORMAT),
    ("bank-format-section", SECTION),
]
CHANGING = [
    ("bank-change", BRANCH[:1]),
    ("bank-letterhead", BRANCH[:1]),
    ("bank-empanelment", BRANCH[:1]),
    ("branch-add", BRANCH[:1]),
    ("branch-change", BRANCH),
    ("bank-format-add", SECTION),
    ("bank-format-field", FIELD),
]
BUTTONS = [
    ("bank-hidden", BRANCH[:1]),
    ("bank-reset", BRANCH[:1]),
    ("bank-accept", BRANCH[:1]),
    ("branch-hidden", BRANCH),
    ("branch-remove", BRANCH),
    ("bank-format-figures", FORMAT),
    ("bank-format-remove", FIELD),
]


def url(name: str, *at: str, branch: str = "") -> str:
    return reverse(name, args=at) + (f"?branch={branch}" if branch else "")


def text_of(response: Any) -> str:
    """The page's words without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def drawn(browser: Client, page: str) -> dict[str, Any]:
    """What the page's form would send if nobody touched it."""
    form = browser.get(page).context["form"]
    values = {
        name: value for name, value in form.current.values.items() if value is not False and value != []
    }
    return {**form.carried, **values}


def send(browser: Client, page: str, **typed: Any) -> Any:
    """Open the page, type, send."""
    return browser.post(page, {**drawn(browser, page), **typed})
