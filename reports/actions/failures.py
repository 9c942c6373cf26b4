"""The expected failures of the actions. The text of each is a sentence for the person who asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tenants.images import FileRefused

__all__ = [
    "ActionRefused",
    "BranchUnknown",
    "CommentRefused",
    "FileRefused",
    "FormatUnavailable",
    "NotAllowed",
    "NotReady",
    "ReferenceTaken",
    "ReportFrozen",
    "ReportLimitReached",
    "SectionUnknown",
    "StaleSection",
    "UpgradeRefused",
    "WrongStatus",
]


class ActionRefused(Exception):
    """Base of every refusal: nothing was changed."""


class FormatUnavailable(ActionRefused):
    """The format does not exist, or is not published."""

    def __init__(self) -> None:
        super().__init__("This format is not offered; choose one of the list.")


class BranchUnknown(ActionRefused):
    """The bank has no such branch, or the firm does not use it."""

    def __init__(self, bank_name: str) -> None:
        super().__init__(f"{bank_name} has no such branch; choose one of the list.")


class ReferenceTaken(ActionRefused):
    """The firm's pattern gives numbers that reports have already."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"The reference number {reference} is taken; ask a manager to change the firm's pattern."
        )


class ReportLimitReached(ActionRefused):
    """The plan allows no more reports this month; the sentence says when and how there will be more."""


class SectionUnknown(ActionRefused):
    """The report's format has no such section."""

    def __init__(self) -> None:
        super().__init__("The format of this report has no such section.")


class ReportFrozen(ActionRefused):
    """The report's answers may not be changed in its state."""

    def __init__(self, status_label: str) -> None:
        super().__init__(f"The report cannot be changed now: it is {status_label.lower()}.")


class StaleSection(ActionRefused):
    """Somebody else saved the section after the form was loaded.

    ``theirs`` holds the stored answers of the section, ``version`` the one to save upon next,
    ``by_name`` and ``at`` who saved it last and when (``at`` may be unknown).
    """

    def __init__(self, *, theirs: Mapping[str, Any], version: int, by_name: str, at: datetime | None) -> None:
        super().__init__(f"{by_name or 'Somebody'} saved this section while you were writing.")
        self.theirs = theirs
        self.version = version
        self.by_name = by_name
        self.at = at


class UpgradeRefused(ActionRefused):
    """The report is up to date, or is another one than the person was shown."""


class WrongStatus(ActionRefused):
    """The step does not lead out of the report's state."""


class NotAllowed(ActionRefused):
    """The person may not take the step."""


class NotReady(ActionRefused):
    """The report cannot be submitted yet. ``problems`` maps the path of a field to what is wrong there."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        count = len(problems)
        super().__init__(f"{count} {'answer' if count == 1 else 'answers'} must be put right first.")
        self.problems = dict(problems)


class CommentRefused(ActionRefused):
    """A comment that is empty, too long, or about nothing in the report."""
