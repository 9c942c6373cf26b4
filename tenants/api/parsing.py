"""Reading the body of a request: JSON, bounded in size, exact in its numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from tenants.api.problems import Problem

# What the widest body needs is a handful; deeper ones are not meant for this.
DEEPEST = 20


class ExactJSONParser(BaseParser):
    """``application/json`` in UTF-8. Fractions become Decimal, so that 0.1 stays 0.1.

    Raises ParseError (400) for what is not JSON, NaN and infinities, names that occur twice, lone surrogates
    and nesting beyond DEEPEST; Problem 413 beyond ``DATA_UPLOAD_MAX_MEMORY_SIZE`` bytes.
    """

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        # A body without a length (chunked) shows its size only by being read.
        content = stream.read(most + 1)
        if len(content) > most:
            raise Problem(
                status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
                "The request is too large",
                f"At most {most // 1024 // 1024} MB are read.",
            )
        try:
            found = json.loads(
                content.decode("utf-8"),
                parse_float=Decimal,
                parse_constant=_no_constant,
                object_pairs_hook=_object,
            )
            _check(found, DEEPEST)
        except UnicodeDecodeError:
            raise ParseError("The body is not UTF-8.") from None
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
        except json.JSONDecodeError as error:
            raise ParseError(
                f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})."
            ) from None
        except ValueError as error:
            raise ParseError(f"The body cannot be read: {error}") from None
        return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name occurs twice in one object.")
    return found


def _check(value: Any, depth: int) -> None:
    """Refuse nesting beyond ``depth`` and text that no database could store."""
    if depth == 0:
        raise ValueError("it is nested too deeply.")
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError("half of a surrogate pair is no character.")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check(name, depth)
            _check(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth - 1)
