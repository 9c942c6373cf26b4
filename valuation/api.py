"""One envelope for every API error: RFC 9457 problem details."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response

from banks.formats.problems import FormatProblem
from reports.actions import ActionRefused
from reports.api.refusals import problem_of
from reports.formats import FormatMissing
from reports.models import Report
from tenants.api.problems import MEDIA_TYPE, InvalidValues, Problem, value_problems
from tenants.errors import OrganizationRefused, ReadOnly
from tenants.middleware import READ_ONLY_WORDS
from tenants.plans.limits import FeatureNotIncluded, LimitReached
from tenants.plans.throttling import too_many_failures

_TITLES = {
    status.HTTP_400_BAD_REQUEST: "The body cannot be read",
    status.HTTP_401_UNAUTHORIZED: "Sign in first",
    status.HTTP_403_FORBIDDEN: "Not allowed",
    status.HTTP_404_NOT_FOUND: "Not found",
    status.HTTP_405_METHOD_NOT_ALLOWED: "This method is not offered here",
    status.HTTP_406_NOT_ACCEPTABLE: "That kind of answer is not offered",
    status.HTTP_415_UNSUPPORTED_MEDIA_TYPE: "Unknown kind of body",
    status.HTTP_429_TOO_MANY_REQUESTS: "Too many requests",
}
_SIGNED_OUT = "Nobody is signed in, or the session has ended."


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an expected failure of an API view, as ``application/problem+json``.

    ``None`` for anything else: an unreachable database is the organization middleware's (503), the rest is a
    failure of the program (500), and both answer in the same form.
    """
    problem = _as_problem(error)
    if problem is None:
        return None
    if problem.status_code == status.HTTP_401_UNAUTHORIZED:
        # Without this, an address could try credentials as fast as they can be refused.
        problem = too_many_failures() or problem
    headers = dict(problem.headers)
    # Set by the framework on the failure that it caught, whatever became of it here.
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait))  # type: ignore[attr-defined]
    return Response(problem.as_json(), status=problem.status_code, headers=headers, content_type=MEDIA_TYPE)


def _as_problem(error: Exception) -> Problem | None:
    if isinstance(error, Problem):
        return error
    if isinstance(error, ActionRefused):
        return problem_of(error)
    if isinstance(error, OrganizationRefused):
        return Problem(status.HTTP_403_FORBIDDEN, "The firm may not be used now", str(error))
    if isinstance(error, LimitReached | FeatureNotIncluded | ReadOnly):
        return _not_granted(error)
    if isinstance(error, FormatMissing | FormatProblem):
        detail = "The format of this report cannot be read now; the staff must load the formats again."
        return Problem(status.HTTP_503_SERVICE_UNAVAILABLE, "The format is not there", detail)
    if isinstance(error, Http404 | Report.DoesNotExist):
        detail = str(error) if isinstance(error, Http404) else "There is no such report."
        return _plain(status.HTTP_404_NOT_FOUND, detail)
    if isinstance(error, PermissionDenied):
        return _plain(status.HTTP_403_FORBIDDEN, str(error))
    if isinstance(error, exceptions.ValidationError):
        return InvalidValues(value_problems(error.detail))
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return _plain(error.status_code, _SIGNED_OUT)
    if isinstance(error, exceptions.APIException):
        return _plain(error.status_code, str(error.detail))
    return None


def _not_granted(error: LimitReached | FeatureNotIncluded | ReadOnly) -> Problem:
    """What the firm's plan, or the support session, does not allow."""
    if isinstance(error, ReadOnly):
        return Problem(status.HTTP_403_FORBIDDEN, "Nothing may be changed", READ_ONLY_WORDS[error.why])
    title = "The plan does not allow this"
    if isinstance(error, FeatureNotIncluded):
        return Problem(status.HTTP_403_FORBIDDEN, title, str(error), kind="feature")
    return Problem(status.HTTP_403_FORBIDDEN, title, str(error), kind="limit")


def _plain(status_code: int, detail: str) -> Problem:
    return Problem(status_code, _TITLES.get(status_code, "The request was refused"), detail)
