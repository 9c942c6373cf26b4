"""The schema of formats is open to everybody, kept by whoever asked, and costs no command."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client

from banks.formats.shape import SCHEMA_FILE
from tenants.mongodb.monitoring import Command

pytestmark = pytest.mark.usefixtures("database")
Commands = Callable[[], AbstractContextManager[list[Command]]]


def test_it_is_the_schema_that_formats_are_checked_by(client: Client, commands: Commands) -> None:
    with commands() as sent:
        answer = client.get("/api/formats/schema/")
    assert answer.headers["Content-Type"] == "application/schema+json"
    assert json.loads(answer.content) == json.loads(SCHEMA_FILE.read_bytes())
    assert sent == []


def test_who_has_it_already_is_told_so(client: Client) -> None:
    etag = client.get("/api/formats/schema/").headers["ETag"]
    assert client.get("/api/formats/schema/", headers={"If-None-Match": etag}).status_code == 304


def test_it_may_be_kept_by_anybody(client: Client) -> None:
    kept = client.get("/api/formats/schema/").headers["Cache-Control"]
    assert "public" in kept
    assert "max-age=3600" in kept


def test_it_is_only_read(client: Client) -> None:
    assert client.post("/api/formats/schema/").status_code == 405
