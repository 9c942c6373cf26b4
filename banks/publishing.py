"""Offering a version of a format to firms, and withdrawing it. Its content never changes."""

from __future__ import annotations

from banks.models import Format, FormatStatus
from tenants.audit import record_audit
from tenants.context import shared_resources_writable
from tenants.errors import TenancyError
from tenants.models import User

_FROM = {
    FormatStatus.PUBLISHED: (FormatStatus.DRAFT, FormatStatus.RETIRED),
    FormatStatus.RETIRED: (FormatStatus.PUBLISHED,),
}


class FormatState(TenancyError):
    """The format is in no state from which this can be done."""


def format_key(version: Format) -> str:
    """``SBI/general/flat/1``: bank, scheme, property type, version."""
    return f"{version.bank_code}/{version.scheme}/{version.property_type}/{version.version}"


def may_become(version: Format, status: FormatStatus) -> bool:
    """Whether the version can be published (or retired) now."""
    return version.status in _FROM[status]


def publish_format(version: Format, *, by: User) -> None:
    """Firms may begin reports with the version from now on. Raises FormatState."""
    _become(version, FormatStatus.PUBLISHED, by)


def retire_format(version: Format, *, by: User) -> None:
    """Firms begin no new reports with the version; reports that stand on it keep it. Raises FormatState."""
    _become(version, FormatStatus.RETIRED, by)


def _become(version: Format, status: FormatStatus, by: User) -> None:
    with shared_resources_writable():
        changed = Format.objects.filter(pk=version.pk, status__in=_FROM[status]).update(status=status)
    if not changed:
        raise FormatState(f"“{version}” is not {' or '.join(one.label.lower() for one in _FROM[status])}.")
    before, version.status = version.status, status
    record_audit(f"format.{status}", by=by, target=format_key(version), details={"from": str(before)})
