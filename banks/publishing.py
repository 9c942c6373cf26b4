"""Offering a version of a format to firms, and withdrawing it. What is published never changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from django.utils import timezone

from banks.models import Format, FormatStatus
from tenants.audit import record_audit
from tenants.context import shared_resources_writable
from tenants.errors import TenancyError
from tenants.models import User

# What is wrong with content and sample answers, one sentence each. Formulas are known further up only.
Check = Callable[[Mapping[str, Any], Mapping[str, Any] | None], Sequence[str]]

_FROM = {
    FormatStatus.PUBLISHED: (FormatStatus.DRAFT, FormatStatus.RETIRED),
    FormatStatus.RETIRED: (FormatStatus.PUBLISHED,),
}
MOST_SAID = 5


class FormatState(TenancyError):
    """The format is in no state from which this can be done."""


class FormatUnsound(TenancyError):
    """The version cannot be published as it is. ``problems`` has everything that is wrong."""

    def __init__(self, version: Format, problems: Sequence[str]) -> None:
        more = f" … and {len(problems) - MOST_SAID} more" if len(problems) > MOST_SAID else ""
        super().__init__(f"“{version}” is not sound yet: {' '.join(problems[:MOST_SAID])}{more}")
        self.problems = list(problems)


class Unexpected(TenancyError):
    """Firms would be offered other versions than one might think. ``sentences`` say it."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__(f"{' '.join(sentences)} Give another day, or confirm that this is meant.")
        self.sentences = list(sentences)


def format_key(version: Format) -> str:
    """``SBI/general/flat/1``: bank, scheme, property type, version."""
    return version.key


def may_become(version: Format, status: FormatStatus) -> bool:
    """Whether the version can be published (or retired) now."""
    return version.status in _FROM[status]


def publish_format(
    version: Format,
    *,
    by: User,
    check: Check,
    effective_from: date | None = None,
    confirmed: bool = False,
) -> None:
    """Firms may begin reports with the version, from ``effective_from`` or else from now on.

    The versions that are published already stay for the reports that stand on them; of those in effect, the
    one with the highest number is offered. Raises FormatUnsound, FormatState, FormatProblem (it was changed
    by hand), and Unexpected unless ``confirmed``.
    """
    if problems := list(check(version.sound_content(), version.sample)):
        raise FormatUnsound(version, problems)
    if not confirmed and (sentences := oddities(version, effective_from)):
        raise Unexpected(sentences)
    values = {"effective_from": effective_from, "published_at": timezone.now()}
    _become(version, FormatStatus.PUBLISHED, by, values)


def retire_format(version: Format, *, by: User) -> None:
    """Firms begin no new reports with the version; reports that stand on it keep it. Raises FormatState."""
    _become(version, FormatStatus.RETIRED, by, {})


def oddities(version: Format, effective_from: date | None) -> list[str]:
    """What staff should know before the version is published from that day on; mostly nothing. One command.

    Of the versions in effect the highest is offered: one published below it is never chosen, or only until
    the higher one's day; and one above those whose day is still to come keeps them from ever being chosen.
    """
    today = timezone.localdate()
    day = max(effective_from or today, today)
    found = []
    for number, other in _published_beside(version):
        if number > version.version and (other is None or other <= day):
            since = "in effect" if other is None or other <= today else f"in effect from {other:%d-%m-%Y}"
            return [
                f"Version {number} is published and {since}; as it is the higher one, firms would never be "
                f"offered version {version.version}. Begin a new version from this one instead."
            ]
        if other is not None and other > day:
            lead = f"Version {number} is published and takes effect on {other:%d-%m-%Y}"
            found.append(
                f"{lead}: version {version.version} would be offered only until then."
                if number > version.version
                else f"{lead}, later than this one would; it would never be offered, because "
                f"version {version.version} is the higher one."
            )
    return found


def offered_without(version: Format) -> int | None:
    """The version that firms are offered today when this one is not; None for none. One command."""
    today = timezone.localdate()
    in_effect = (number for number, day in _published_beside(version) if day is None or day <= today)
    return max(in_effect, default=None)


def _published_beside(version: Format) -> list[tuple[int, date | None]]:
    """(number, day of its effect) of the other published versions of the key, the highest first."""
    others = Format.objects.filter(
        bank_code=version.bank_code,
        scheme=version.scheme,
        property_type=version.property_type,
        status=FormatStatus.PUBLISHED,
    ).exclude(pk=version.pk)
    return list(others.order_by("-version").values_list("version", "effective_from"))


def _become(version: Format, status: FormatStatus, by: User, values: Mapping[str, Any]) -> None:
    """The version as it was looked at, and no other, gets the status. Raises FormatState."""
    as_seen = {"checksum": version.checksum, "loaded_at": version.loaded_at, "status__in": _FROM[status]}
    written = {"status": status, "updated_by_name": by.name, **values}
    with shared_resources_writable():
        changed = Format.objects.filter(pk=version.pk, **as_seen).update(**written)
    if not changed:
        states = " or ".join(one.label.lower() for one in _FROM[status])
        raise FormatState(f"“{version}” is not {states}, or somebody changed it meanwhile. Look at it again.")
    before = version.status
    for name, value in written.items():
        setattr(version, name, value)
    details = {"from": str(before)}
    if effective := values.get("effective_from"):
        details["effective_from"] = effective.isoformat()
    record_audit(f"format.{status}", by=by, target=version.key, details=details)
