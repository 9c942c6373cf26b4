"""Each request works for one organization or none, and leaves nothing behind on its thread."""

from __future__ import annotations

import contextvars
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject
from pymongo.errors import (
    AutoReconnect,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
)

from tenants.access import MAINTENANCE, activate_for, read_only_page, refused_page
from tenants.context import carry_async_iterator, carry_iterator, know_shared_revision, no_organization
from tenants.errors import (
    ClusterUnreachable,
    OrganizationRefused,
    ReadOnly,
    TenancyError,
    UnknownCluster,
    WritesFrozen,
)
from tenants.models import User
from tenants.mongodb.credentials import UsersKeyMissing
from tenants.mongodb.failures import passes
from tenants.mongodb.reachability import clusters
from tenants.plans.limits import FeatureNotIncluded, LimitReached
from tenants.sessions import SessionStore, person_known

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "10"
FREEZE_RETRY_AFTER_SECONDS = "1"
MAINTENANCE_RETRY_AFTER_SECONDS = "30"
_SILENT = {"heading": "The database does not answer", "api": "Try again in a few seconds."}
_FROZEN = {
    "heading": "Your firm's data is being moved",
    "message": "For a moment nothing can be saved. Nothing was lost, and nothing was half saved.",
    "api": "Nothing can be written for a moment. Try again in a second.",
}
READ_ONLY_WORDS = {
    "subscription": "The firm's subscription has ended. Everything can be read; nothing can be changed.",
    "support": "This support session is for looking only.",
}
# Pages that somebody of a refused firm may still use.
_ALWAYS_ALLOWED = ("/sign-in/", "/sign-out/", "/static/")


class PersonMiddleware(AuthenticationMiddleware):
    """``request.user``, from what the session brought along: no command of its own."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(partial(_person_of, request))  # type: ignore[assignment]


def _person_of(request: HttpRequest) -> Any:
    session = cast(SessionStore, request.session)
    session.get(SESSION_KEY)  # Loads the session, and with it the person.
    with person_known(session.person):
        return get_user(request)


class OrganizationMiddleware:
    """Activates the signed-in person's organization for the request.

    The organization comes from the control plane by way of the user, never from a header, a URL or a form.
    Whatever the view did, nothing is active afterwards.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # In a context of its own: what a request leaves open, say a generator that ends under a later request
        # on this thread, puts nothing back there.
        return contextvars.copy_context().run(self._serve, request)

    def _serve(self, request: HttpRequest) -> HttpResponseBase:
        request.organization = None  # type: ignore[attr-defined]
        request.read_only = ""  # type: ignore[attr-defined]
        request.reachability = None  # type: ignore[attr-defined]
        try:
            return self._answer(request)
        finally:
            if request.reachability is not None:  # type: ignore[attr-defined]
                request.reachability.leave()  # type: ignore[attr-defined]

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        with no_organization():
            try:
                if request.user.is_authenticated:
                    activate_for(request, cast(User, request.user))
                    # None where the person did not come with a session.
                    revision = getattr(getattr(request, "session", None), "shared_revision", None)
                    if revision is not None:
                        know_shared_revision(revision)
            except OrganizationRefused as refusal:
                if not request.path.startswith(_ALWAYS_ALLOWED):
                    return _refused(request, refusal)
            except (PyMongoError, DatabaseError, TenancyError) as error:
                if not is_unreachable(error):
                    raise
                return unavailable(request, error)
            response = self.get_response(request)
            if isinstance(response, StreamingHttpResponse):
                _carry_stream(response)
            return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """An unreachable database is a 503 that says when to come back, never a traceback."""
        if isinstance(exception, ReadOnly):
            return _read_only(request, exception)
        if isinstance(exception, LimitReached | FeatureNotIncluded):
            # Where a form has no better place for it; the API's answers are made before this.
            return render(None, "errors/403.html", {"detail": str(exception)}, status=403)
        if is_unreachable(exception):
            return unavailable(request, exception)
        return None


# Nothing answered (ServerSelectionTimeoutError and NetworkTimeout are AutoReconnect too); every connection
# was busy; the server had no time for the operation; nobody was asked, because nothing answered before; this
# process lacks the address, or the key, with which to ask; the data is being moved.
_OUT_OF_REACH = (
    AutoReconnect,
    WaitQueueTimeoutError,
    ExecutionTimeout,
    ClusterUnreachable,
    UnknownCluster,
    UsersKeyMissing,
    WritesFrozen,
)
# What the server says to an organization's own user whose password this process's key does not make.
_AUTHENTICATION_FAILED = 18


def _carry_stream(response: StreamingHttpResponse) -> None:
    """Let a stream be produced, and closed when it is given up midway, for the request's organization."""
    if response.is_async:
        parts = cast("AsyncIterator[bytes]", response.streaming_content)
        response.streaming_content = carry_async_iterator(parts)
        return
    carried = carry_iterator(cast("Iterator[bytes]", response.streaming_content))
    closers: list[Callable[[], object]] = response._resource_closers  # type: ignore[attr-defined]
    closers[:] = [partial(carried.run, closer) for closer in closers]
    response.streaming_content = carried


def is_unreachable(error: BaseException | None) -> bool:
    """Whether a database could not be had (in time), or not in this moment, however that was wrapped."""
    return any(
        isinstance(one, _OUT_OF_REACH)
        or passes(one)
        or (isinstance(one, OperationFailure) and one.code == _AUTHENTICATION_FAILED)
        for one in _causes(error)
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def unavailable(request: HttpRequest, error: BaseException) -> HttpResponse:
    """The 503 page (or problem), made without any database."""
    organization = getattr(request, "organization", None)
    if organization is not None and any(isinstance(one, AutoReconnect) for one in _causes(error)):
        clusters[organization.address_setting].failed()
    frozen = any(isinstance(one, WritesFrozen) for one in _causes(error))
    # Who was merely refused says nothing new: the outage itself was told by who waited for it.
    level = logging.INFO if frozen or isinstance(error, ClusterUnreachable) else logging.ERROR
    logger.log(level, "A database did not answer for %s: %s", request.path, type(error).__name__)
    words = _FROZEN if frozen else _SILENT
    response: HttpResponse
    if wants_json(request):
        response = _problem(503, words["heading"], words["api"])
    else:
        # The base template of errors uses no user and no organization.
        response = render(None, "errors/503.html", {} if words is _SILENT else words, status=503)
    response["Retry-After"] = FREEZE_RETRY_AFTER_SECONDS if frozen else RETRY_AFTER_SECONDS
    return response


def wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _refused(request: HttpRequest, refusal: OrganizationRefused) -> HttpResponse:
    updating = refusal.status == MAINTENANCE
    response: HttpResponse
    if not wants_json(request):
        response = refused_page(request, refusal)
    elif updating:
        response = _problem(503, "The firm is being updated", "Try again in half a minute.")
    else:
        response = _problem(403, "The firm may not be used now", str(refusal))
    if updating:
        response["Retry-After"] = MAINTENANCE_RETRY_AFTER_SECONDS
    return response


def _read_only(request: HttpRequest, error: ReadOnly) -> HttpResponse:
    if wants_json(request):
        return _problem(403, "Nothing may be changed", READ_ONLY_WORDS[error.why])
    return read_only_page(request)


def _problem(status: int, title: str, detail: str) -> HttpResponse:
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JsonResponse(body, status=status, content_type="application/problem+json")
