"""How reports look in the API, and what is taken to begin and to change one."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from reports.models import ReportStatus
from tenants.api.fields import ObjectIdField
from tenants.api.serializers import StrictSerializer

MOST_A_PAGE = 100
# No format has more sections than this; a change of all of them is one request.
MOST_SECTIONS = 100

_OPEN = {"type": "object", "additionalProperties": True}
_ANSWERS: dict[str, Any] = {
    "type": "object",
    "description": "Answers by tab, section and field of the format.",
    "additionalProperties": {"type": "object", "additionalProperties": _OPEN},
    "example": {"common": {"details": {"applicant_name": "Applicant One", "purpose": "home_loan"}}},
}


@extend_schema_field(_ANSWERS)
class AnswersField(serializers.DictField):
    """``{tab: {section: {field: answer}}}``."""

    child = serializers.DictField(child=serializers.DictField())


class ReportQuery(StrictSerializer):
    """What the list is narrowed to, and which page of it is told."""

    status = serializers.ChoiceField(required=False, choices=ReportStatus.choices)
    bank = serializers.CharField(required=False, max_length=20, help_text="The code of a bank.")
    mine = serializers.BooleanField(
        required=False, default=False, help_text="Only what you began or submitted."
    )
    q = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=400,
        help_text="Words that must all occur in reference, applicant, address, bank or branch.",
    )
    page = serializers.IntegerField(required=False, default=1, min_value=1, max_value=100_000)
    page_size = serializers.IntegerField(required=False, default=25, min_value=1, max_value=MOST_A_PAGE)


class ReportRowSerializer(serializers.Serializer[Any]):
    """A report as lists show it, without its answers."""

    id = ObjectIdField(source="pk")
    reference = serializers.CharField()
    status = serializers.ChoiceField(choices=ReportStatus.choices)
    bank_code = serializers.CharField()
    bank_name = serializers.CharField()
    branch_code = serializers.CharField()
    branch_name = serializers.CharField()
    scheme = serializers.CharField()
    property_type = serializers.CharField()
    format_version = serializers.IntegerField(help_text="The one that the report was begun with, for ever.")
    format_title = serializers.CharField()
    applicant_name = serializers.CharField(allow_blank=True)
    property_address = serializers.CharField(allow_blank=True)
    fair_market_value = serializers.DecimalField(
        max_digits=20,
        decimal_places=2,
        allow_null=True,
        help_text="In the currency of the format; null while it cannot be worked out.",
    )
    version = serializers.IntegerField(help_text="Grows with every change.")
    created_by_name = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_by_name = serializers.CharField()
    updated_at = serializers.DateTimeField()
    submitted_by_name = serializers.CharField(allow_blank=True)
    submitted_at = serializers.DateTimeField(allow_null=True)
    approved_by_name = serializers.CharField(allow_blank=True)
    approved_at = serializers.DateTimeField(allow_null=True)
    issued_by_name = serializers.CharField(allow_blank=True)
    issued_at = serializers.DateTimeField(allow_null=True)


class ReportPageSerializer(serializers.Serializer[Any]):
    """One page of the list, the latest change first."""

    count = serializers.IntegerField(help_text="How many reports match, on all pages.")
    page = serializers.IntegerField()
    pages = serializers.IntegerField()
    next = serializers.CharField(allow_null=True, help_text="The path of the next page.")
    previous = serializers.CharField(allow_null=True)
    results = ReportRowSerializer(many=True)


class DocumentSerializer(serializers.Serializer[Any]):
    """The issued document: the exact bytes never change."""

    sha256 = serializers.RegexField("^[0-9a-f]{64}$")
    pages = serializers.IntegerField()
    url = serializers.CharField(help_text="Where the PDF is, as a path on the same host.")


class ReportSerializer(ReportRowSerializer):
    """A whole report: what was answered, and what follows from it."""

    answers = AnswersField()
    computed = serializers.DictField(
        child=serializers.CharField(),
        help_text="Every figure that was worked out, as exact decimal text by the path of its field.",
    )
    section_versions = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="By `tab.section` the version to save the section upon; 0 for one that is not named.",
    )
    document = DocumentSerializer(allow_null=True, help_text="Null until the report is issued.")


class NewReportSerializer(StrictSerializer):
    """What a report is begun with."""

    bank = serializers.CharField(max_length=20, help_text="The code of the bank.")
    branch = serializers.CharField(max_length=40, help_text="The code of one of its branches.")
    scheme = serializers.CharField(max_length=40, help_text="Of one of the bank's formats.")
    property_type = serializers.CharField(max_length=40, help_text="Of the same format.")
    version = serializers.IntegerField(
        required=False, min_value=1, max_value=1_000_000, help_text="The newest published one unless given."
    )
    answers = AnswersField(required=False, help_text="First answers by tab, section and field.")


class SectionChangeSerializer(StrictSerializer):
    """New answers of one section."""

    base_version = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text="The section's version that the answers were made from.",
    )
    answers = serializers.DictField(
        help_text="Answers by field. A field that is not named keeps its answer, null empties it."
    )


class ReportChangeSerializer(StrictSerializer):
    """A change of one or several sections: all of it is stored, or nothing."""

    version = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The report's version that the answers were made from, instead of each section's.",
    )
    sections = serializers.DictField(
        child=SectionChangeSerializer(), allow_empty=False, help_text="By `tab.section`."
    )

    def validate_sections(self, sections: dict[str, Any]) -> dict[str, Any]:
        if len(sections) > MOST_SECTIONS:
            raise serializers.ValidationError(f"At most {MOST_SECTIONS} sections are changed at once.")
        return sections
