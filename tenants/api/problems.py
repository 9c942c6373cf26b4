"""Refusals of the API as problem details (RFC 9457): a status, a type, words, and what is wrong where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException

MEDIA_TYPE = "application/problem+json"
# A problem without a type of its own is told by its status alone.
PLAIN = "about:blank"
# The heading of each kind of problem on the API's page is the address that its type names.
TYPES = "/api/docs/#problem-"


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """One wrong value: where it stands and the rule that it breaks.

    ``pointer`` is a JSON pointer into the body as a fragment (``#/branch``), ``parameter`` the name of a
    query parameter or header; one of them is given. ``path`` names the field of the format when the value is
    an answer.
    """

    detail: str
    pointer: str = ""
    parameter: str = ""
    path: str = ""

    def as_json(self) -> dict[str, str]:
        named = {
            "detail": self.detail,
            "pointer": self.pointer,
            "parameter": self.parameter,
            "path": self.path,
        }
        return {name: text for name, text in named.items() if text}


class Problem(APIException):
    """A refusal with a status, a title and words of its own. ``kind`` is the last part of its type."""

    def __init__(
        self,
        status_code: int,
        title: str,
        detail: str = "",
        *,
        kind: str = "",
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or title)
        self.status_code = status_code
        self.title = title
        self.kind = kind
        self.more = dict(more or {})
        self.headers = dict(headers or {})

    def as_json(self) -> dict[str, Any]:
        return {
            "type": f"{TYPES}{self.kind}" if self.kind else PLAIN,
            "title": self.title,
            "status": self.status_code,
            "detail": str(self.detail),
            **self.more,
        }


class InvalidValues(Problem):
    """422: the request was understood, and ``problems`` names each value that breaks a rule."""

    def __init__(self, problems: Iterable[ValueProblem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        super().__init__(
            status.HTTP_422_UNPROCESSABLE_ENTITY,
            "A value is wrong" if count == 1 else "Values are wrong",
            self.problems[0].detail
            if count == 1
            else f"{count} values must be put right; nothing was changed.",
            kind="invalid",
            more={"errors": [problem.as_json() for problem in self.problems]},
        )


def pointer_to(*parts: object) -> str:
    """The JSON pointer to a member of the body, as a URI fragment: ``#/sections/common.details/answers``."""
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return "#" + "".join(f"/{part}" for part in escaped)


def value_problems(detail: Any, *, in_query: bool = False, at: tuple[object, ...] = ()) -> list[ValueProblem]:
    """A serializer's errors, which are mappings and lists of messages in each other, one by one."""
    if isinstance(detail, Mapping):
        return [
            problem
            for name, inner in detail.items()
            for problem in value_problems(
                inner, in_query=in_query, at=at if name == "non_field_errors" else (*at, name)
            )
        ]
    if isinstance(detail, list | tuple):
        if any(isinstance(inner, Mapping | list) for inner in detail):
            return [
                problem
                for place, inner in enumerate(detail)
                for problem in value_problems(inner, in_query=in_query, at=(*at, place))
            ]
        return [problem for inner in detail for problem in value_problems(inner, in_query=in_query, at=at)]
    if in_query:
        return [ValueProblem(str(detail), parameter=".".join(str(part) for part in at))]
    return [ValueProblem(str(detail), pointer=pointer_to(*at))]
