"""A small format in the shared resources, for tests that need one to change and none of the shipped ones."""

from __future__ import annotations

from typing import Any

from banks.formats.checksums import checksum_of
from banks.formats.reading import to_content
from banks.models import CommonFields, Format, FormatStatus
from banks.tests.formats.small import small_common, small_format
from tenants.context import shared_resources_writable

SAMPLE = {"land": {"value": {"built": "yes", "extent": "100", "rate": "50"}}}


def small_content(version: int = 1) -> dict[str, Any]:
    """The self-contained content of the small format."""
    raw = small_format()
    raw["format"]["version"] = version
    return to_content(raw, small_common())


def stored_format(
    status: FormatStatus = FormatStatus.PUBLISHED, *, version: int = 1, **values: Any
) -> Format:
    """A version of ``TST/general/land``, with the sample unless another is given."""
    content = values.pop("content", None) or small_content(version)
    given: dict[str, Any] = {"sample": SAMPLE, **values}
    made = Format(
        bank_code="TST",
        scheme="general",
        property_type="land",
        version=version,
        title=content["title"],
        status=status,
        content=content,
        checksum=checksum_of(content),
        **given,
    )
    with shared_resources_writable():
        made.save(force_insert=True)
    return made


def stored_common_fields() -> None:
    """The small common fields, which a file is composed with."""
    with shared_resources_writable():
        CommonFields.objects.update_or_create(version=1, defaults={"content": small_common()})
