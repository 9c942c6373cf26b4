"""The body of a request, read exactly and within bounds. No database."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from rest_framework.exceptions import ParseError

from tenants.api.parsing import DEEPEST, ExactJSONParser
from tenants.api.problems import Problem


def parsed(body: bytes) -> Any:
    return ExactJSONParser().parse(io.BytesIO(body))


def test_it_keeps_fractions_exact() -> None:
    assert parsed(b'{"rate": 0.1}') == {"rate": Decimal("0.1")}


def test_it_reads_every_script() -> None:
    assert parsed('{"name": "अरुण"}'.encode()) == {"name": "अरुण"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        b"\xff\xfe",
        b"[" * 100_000,
        b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
        b'{"a": ' + b"9" * 5_000 + b"}",
    ],
    ids=[
        "nothing",
        "half an object",
        "not a number",
        "infinity",
        "a name twice",
        "half a surrogate pair",
        "half a surrogate pair as a name",
        "not UTF-8",
        "endless nesting",
        "deep nesting",
        "an endless number",
    ],
)
def test_it_refuses_what_is_not_sound_json(body: bytes) -> None:
    with pytest.raises(ParseError):
        parsed(body)


def test_it_says_where_the_json_ends_to_be_json() -> None:
    with pytest.raises(ParseError, match="line 2, column 7"):
        parsed(b'{"a": 1,\n "b": x}')


def test_it_stops_reading_what_is_too_large() -> None:
    with pytest.raises(Problem, match="At most 5 MB are read") as refused:
        parsed(b'"' + b"a" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"')

    assert refused.value.status_code == 413
