"""What the OpenAPI schema says of every operation: how one signs in, and how each refusal looks."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from tenants.api.problems import MEDIA_TYPE, PLAIN, TYPES

# Set on an operation (``extensions={PROBLEMS: [...]}``): the refusals that are its own, by name.
PROBLEMS = "x-problems"
SIGN_IN = "session"
BEARER = "token"


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The browser's session; a change also needs the token against forged requests."""

    target_class = "tenants.authentication.OrganizationSessionAuthentication"
    name = SIGN_IN

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": (
                "The session of a signed-in member. A request that changes something also carries the value "
                "of the cookie `csrftoken` in the header `X-CSRFToken`."
            ),
        }


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A token in the header, for programs."""

    target_class = "tenants.tokens.bearer.BearerAuthentication"
    name = BEARER

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": (
                "A personal API token (`vrt_…`, made on the page “API tokens”), or an access token of the "
                "firm's sign-in service. It acts for its person's firm, and never beyond its scopes: a token "
                "for reading changes nothing. A session beside it counts for nothing."
            ),
        }


def _example(
    status: int, title: str, detail: str, kind: str = "", **more: Any
) -> tuple[int, str, dict[str, Any]]:
    body = {"type": f"{TYPES}{kind}" if kind else PLAIN, "title": title, "status": status, "detail": detail}
    return status, kind, {**body, **more}


# name → (what it means, its example, the schema of its body)
_REFUSALS: dict[str, tuple[str, tuple[int, str, dict[str, Any]], str]] = {
    "malformed": (
        "The body is not JSON, or is nested too deeply.",
        _example(400, "The body cannot be read", "The body is not JSON: Expecting value (line 1, column 1)."),
        "Problem",
    ),
    "signed_out": (
        "Nobody is signed in, or the token is not good; `WWW-Authenticate` says why.",
        _example(401, "Sign in first", "Nobody is signed in, or the session has ended."),
        "Problem",
    ),
    "forbidden": (
        "The role or the token's scopes do not allow it, the firm is suspended or its plan leaves the API "
        "out, the person belongs to no firm, or a session's token against forged requests is missing.",
        _example(403, "Not allowed", "Your role does not allow this (draft_reports)."),
        "Problem",
    ),
    "absent": (
        "There is nothing of that name in the firm; what belongs to another firm is absent too.",
        _example(404, "Not found", "There is no such report."),
        "Problem",
    ),
    "conflict": (
        "The report cannot be changed now (type `…problem-frozen`), or somebody else changed the section "
        "since `base_version` (type `…problem-stale`), and both answers are told. Nothing was changed.",
        _example(
            409,
            "Somebody else changed the section",
            "Olga Valuer saved this section while you were writing.",
            kind="stale",
            conflict={
                "section": "common.details",
                "pointer": "#/sections/common.details",
                "base_version": 3,
                "version": 5,
                "by": "Olga Valuer",
                "at": "2026-11-23T10:15:00+05:30",
                "differences": ["common.details.applicant_name"],
                "yours": {"applicant_name": "Applicant One"},
                "theirs": {"applicant_name": "Applicant Two"},
            },
        ),
        "ConflictProblem",
    ),
    "outdated": (
        "The report has changed since the version that `If-Match` names; nothing was changed.",
        _example(
            412,
            "The report has changed",
            "Read the report again: its version is 5.",
            kind="outdated",
            version=5,
        ),
        "Problem",
    ),
    "too_large": (
        "The body is larger than is read.",
        _example(413, "The request is too large", "At most 5 MB are read."),
        "Problem",
    ),
    "media_type": (
        "The body is not `application/json`.",
        _example(
            415, "Unknown kind of body", "Send application/json; this was application/x-www-form-urlencoded."
        ),
        "Problem",
    ),
    "invalid": (
        "A value breaks a rule; each is named with its place and the rule, and nothing was changed.",
        _example(
            422,
            "A value is wrong",
            "The valuation date is at most today. At most today, 23-11-2026.",
            kind="invalid",
            errors=[
                {
                    "detail": "The valuation date is at most today. At most today, 23-11-2026.",
                    "pointer": "#/sections/common.details/answers/valuation_date",
                    "path": "common.details.valuation_date",
                }
            ],
        ),
        "InvalidProblem",
    ),
    "too_many": (
        "The requests of the minute are used: the firm's, as its plan grants, or an address's that come "
        "without good credentials. `Retry-After` says when to come back.",
        _example(
            429,
            "Too many requests",
            "Your firm's plan grants 120 requests of the API a minute, and they are used. "
            "Ask again in 17 seconds.",
            kind="rate",
        ),
        "Problem",
    ),
    "unavailable": (
        "A database does not answer; `Retry-After` says when to come back.",
        _example(503, "The database does not answer", "Try again in a few seconds."),
        "Problem",
    ),
}

# The kinds of problem that have a type of their own: (name, status, what it means).
KINDS: tuple[tuple[str, int, str], ...] = (
    ("invalid", 422, "Values break rules; “errors” names each with its place and rule. Nothing was changed."),
    (
        "stale",
        409,
        "Somebody else changed the section since the version that the answers were made from; “conflict” "
        "tells both sets of answers and the version to save upon next.",
    ),
    ("frozen", 409, "The report is in review, approved, issued or cancelled; its answers cannot be changed."),
    ("state", 409, "The step does not lead out of the report's state."),
    ("reference", 409, "The firm's pattern gives a reference number that another report has already."),
    ("feature", 403, "The firm's plan does not include this."),
    ("limit", 403, "The plan allows no more of it this month. Nothing was begun."),
    ("rate", 429, "The requests of the minute are used; “Retry-After” says when to come back."),
    ("outdated", 412, "The report has changed since the version of If-Match; “version” is its present one."),
)

_TEXT = {"type": "string"}
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A refusal (RFC 9457).",
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "Which kind of problem; `about:blank` when the status says it all.",
        },
        "title": _TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "A sentence for the person."},
    },
    "required": ["type", "title", "status", "detail"],
}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "Problem": _PROBLEM,
    "InvalidProblem": {
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {
                "type": "object",
                "properties": {
                    "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ValueProblem"}}
                },
                "required": ["errors"],
            },
        ]
    },
    "ValueProblem": {
        "type": "object",
        "description": "One wrong value and the rule that it breaks.",
        "properties": {
            "detail": _TEXT,
            "pointer": {"type": "string", "description": "A JSON pointer into the body, as a fragment."},
            "parameter": {"type": "string", "description": "The query parameter, instead of a pointer."},
            "path": {"type": "string", "description": "The field of the format, when it is an answer."},
        },
        "required": ["detail"],
    },
    "ConflictProblem": {
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"type": "object", "properties": {"conflict": {"$ref": "#/components/schemas/Conflict"}}},
        ]
    },
    "Conflict": {
        "type": "object",
        "description": "Two people's answers of one section.",
        "properties": {
            "section": {"type": "string", "description": "`tab.section`"},
            "pointer": _TEXT,
            "base_version": {"type": "integer", "description": "The version that the change was made from."},
            "version": {"type": "integer", "description": "The version to save upon next."},
            "by": {"type": "string", "description": "Who saved the section last."},
            "at": {"type": "string", "format": "date-time", "nullable": True},
            "differences": {"type": "array", "items": _TEXT, "description": "The paths that differ."},
            "yours": {"type": "object", "additionalProperties": True},
            "theirs": {"type": "object", "additionalProperties": True},
        },
        "required": ["section", "pointer", "version", "by", "differences", "yours", "theirs"],
    },
}


def describe_refusals(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Add to every operation the refusals that it can answer with (a hook of the schema's making)."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {}).update(_SCHEMAS)
    components["responses"] = {name: _response(name) for name in _REFUSALS}
    for path, operations in result["paths"].items():
        for operation in operations.values():
            for name in _refusals_of(path, operation):
                status = str(_REFUSALS[name][1][0])
                operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return result


def _refusals_of(path: str, operation: dict[str, Any]) -> list[str]:
    names = ["signed_out", "forbidden", *operation.pop(PROBLEMS, []), "too_many", "unavailable"]
    if "{" in path:
        names.append("absent")
    if "requestBody" in operation:
        names += ["malformed", "too_large", "media_type", "invalid"]
    elif any(parameter["in"] == "query" for parameter in operation.get("parameters", [])):
        names.append("invalid")
    return names


def _response(name: str) -> dict[str, Any]:
    meaning, (status, _, example), schema = _REFUSALS[name]
    found: dict[str, Any] = {
        "description": meaning,
        "content": {
            MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{schema}"}, "example": example},
        },
    }
    if status in (429, 503):
        found["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return found
