"""Liveness and readiness, answered before anything else: no host check, no session, no organization."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DatabaseError, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from pymongo.errors import PyMongoError

from tenants.naming import CONTROL_ALIAS, SHARED_ALIAS

MINIMUM_SERVER = (6, 0)


class HealthMiddleware:
    """``/healthz`` says 200 while the process serves, ``/readyz`` while the databases it needs do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return JsonResponse({"status": "ok"})
        if request.path == "/readyz":
            return readiness()
        return self.get_response(request)


def readiness() -> JsonResponse:
    """200 when control plane and shared resources answer and are new enough, else 503 with what is wrong."""
    databases = {
        "control_plane": problem_of(CONTROL_ALIAS),
        "shared_resources": problem_of(SHARED_ALIAS),
    }
    ready = all(problem is None for problem in databases.values())
    body = {
        "status": "ready" if ready else "not ready",
        "databases": {name: problem or "ok" for name, problem in databases.items()},
    }
    response = JsonResponse(body, status=200 if ready else 503)
    if not ready:
        response["Retry-After"] = "5"
    return response


def problem_of(alias: str) -> str | None:
    """What keeps a database from serving, in words, or None."""
    try:
        hello = connections[alias].database.command("hello")  # type: ignore[attr-defined]
        version = connections[alias].get_database_version()
    except (PyMongoError, DatabaseError):
        return "does not answer"
    if not hello.get("setName"):
        return "is not a replica set"
    if tuple(version[:2]) < MINIMUM_SERVER:
        return "runs a MongoDB older than 6.0"
    return None
