"""What staff do to a version of a format on pages that ask first: publish it, retire it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from banks.formats.problems import FormatProblem
from banks.models import Format, FormatStatus
from banks.publishing import (
    FormatUnsound,
    may_become,
    oddities,
    offered_without,
    publish_format,
    retire_format,
)
from reports.format_checks import problems_of
from tenants.admin.base import Step, StepForm
from tenants.models import User


class PublishForm(StepForm):
    """From which day, and whether what is out of the ordinary about it is meant."""

    effective_from = forms.DateField(
        label="Takes effect on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="The day from which the bank takes this version. Empty: from now on.",
    )
    confirmed = forms.BooleanField(
        label="Publish it all the same",
        required=False,
        help_text="Only where it is said here that firms would be offered another version than this one.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["effective_from"] = self.record.effective_from


def _publish(version: Format, by: User, answers: dict[str, Any]) -> str:
    odd = oddities(version, answers["effective_from"])
    try:
        publish_format(
            version,
            by=by,
            check=problems_of,
            effective_from=answers["effective_from"],
            confirmed=answers["confirmed"],
        )
    except FormatProblem as error:
        raise FormatUnsound(version, error.problems) from error
    if odd:
        return f"“{version}” is published. {' '.join(odd)}"
    day = version.effective_from
    since = f"from {day:%d-%m-%Y}" if day and day > timezone.localdate() else "from now on"
    return f"“{version}” is published: firms can begin reports with it {since}."


def _before_publishing(version: Format) -> str:
    return " ".join(
        (
            "Every firm can begin reports with this version, and it never changes again. The versions that "
            "are published stay with the reports that stand on them; of those in effect the highest is "
            "offered.",
            *oddities(version, version.effective_from),
        )
    )


def _retire(version: Format, by: User, answers: dict[str, Any]) -> str:
    retire_format(version, by=by)
    return f"“{version}” is retired: no new report begins with it. {_instead(version, 'are now')}"


def _before_retiring(version: Format) -> str:
    return (
        "Firms can begin no new report with this version. Reports that were begun with it keep it for ever. "
        f"{_instead(version, 'will be')}"
    )


def _instead(version: Format, are: str) -> str:
    number = offered_without(version)
    return f"Firms {are} offered {f'version {number}' if number else 'no version of this format'}."


STEPS = (
    Step(
        "publish",
        "Publish…",
        _before_publishing,
        _publish,
        form=PublishForm,
        allowed=lambda version: may_become(version, FormatStatus.PUBLISHED),
    ),
    Step(
        "retire",
        "Retire",
        _before_retiring,
        _retire,
        allowed=lambda version: may_become(version, FormatStatus.RETIRED),
        danger=True,
    ),
)
