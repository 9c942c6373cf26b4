"""What the actions refuse, as problems of the API."""

from __future__ import annotations

from rest_framework import status

from reports.actions import (
    ActionRefused,
    BranchUnknown,
    FormatUnavailable,
    NotAllowed,
    ReferenceTaken,
    ReportFrozen,
    ReportLimitReached,
    SectionUnknown,
    WrongStatus,
)
from tenants.api.problems import InvalidValues, Problem, ValueProblem


def problem_of(refusal: ActionRefused) -> Problem:
    """The problem that tells of a refusal; its sentence is the refusal's own."""
    words = str(refusal)
    if isinstance(refusal, NotAllowed):
        return Problem(status.HTTP_403_FORBIDDEN, "Not allowed", words)
    if isinstance(refusal, ReportLimitReached):
        return Problem(status.HTTP_403_FORBIDDEN, "The plan allows no more reports", words, kind="limit")
    if isinstance(refusal, FormatUnavailable):
        return InvalidValues([ValueProblem(words, pointer="#/scheme")])
    if isinstance(refusal, BranchUnknown):
        return InvalidValues([ValueProblem(words, pointer="#/branch")])
    if isinstance(refusal, SectionUnknown):
        return InvalidValues([ValueProblem(words, pointer="#/sections")])
    if isinstance(refusal, ReportFrozen):
        return Problem(status.HTTP_409_CONFLICT, "The report cannot be changed now", words, kind="frozen")
    if isinstance(refusal, ReferenceTaken):
        return Problem(status.HTTP_409_CONFLICT, "The reference number is taken", words, kind="reference")
    if isinstance(refusal, WrongStatus):
        return Problem(status.HTTP_409_CONFLICT, "The report is in another state", words, kind="state")
    return Problem(status.HTTP_409_CONFLICT, "This cannot be done now", words)
