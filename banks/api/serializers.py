"""How banks, branches and formats look in the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from banks.merging import BANK_FIELDS, BRANCH_FIELDS, MergedBank, MergedBranch, Origin
from banks.models import BankType
from banks.queries import MergedFormat
from tenants.api.fields import ObjectIdField
from tenants.api.serializers import StrictSerializer

# A bank may have thousands of branches; the search finds the rest.
MOST_BRANCHES = 500
BRANCHES_SHOWN = 100
MOST_PAGES = 10_000


_SUMMARY = ("id", "scheme", "property_type", "version", "title", "description")
ORIGINS = [(one.value, one.words) for one in Origin]


class OriginsField(serializers.DictField):
    """For each value, whether it is shared by all firms or this firm's own."""

    child = serializers.ChoiceField(choices=ORIGINS)


class Search(StrictSerializer):
    """Words to look for."""

    q = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="Words that must all occur, in any order and case.",
    )


class BranchSearch(Search):
    """Words to look for among branches, and how many to tell."""

    limit = serializers.IntegerField(
        required=False, default=BRANCHES_SHOWN, min_value=1, max_value=MOST_BRANCHES
    )
    page = serializers.IntegerField(
        required=False,
        default=1,
        min_value=1,
        max_value=MOST_PAGES,
        help_text="Which page of `limit` branches, from 1.",
    )


class FormatQuery(StrictSerializer):
    """For which branch a format is merged."""

    branch = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=40,
        help_text="The branch's code; without it, what holds for all branches.",
    )


class BankSerializer(serializers.Serializer[Any]):
    """A bank as the firm sees it: the shared record with the firm's own values over it."""

    code = serializers.CharField(help_text="The bank's identifier, the same in every firm.")
    name = serializers.CharField()
    short_name = serializers.CharField(allow_blank=True)
    bank_type = serializers.ChoiceField(choices=BankType.choices)
    city = serializers.CharField(allow_blank=True, help_text="Of the head office.")
    state = serializers.CharField(allow_blank=True)
    origins = OriginsField(help_text="For each value, whether it is shared by all firms or this firm's own.")


class BanksSerializer(serializers.Serializer[Any]):
    """The banks that the firm works for, by name."""

    count = serializers.IntegerField()
    results = BankSerializer(many=True)


class BranchSerializer(serializers.Serializer[Any]):
    """A branch as the firm sees it."""

    code = serializers.CharField(help_text="What a report names as its branch.")
    name = serializers.CharField()
    ifsc = serializers.CharField(allow_blank=True)
    micr = serializers.CharField(allow_blank=True)
    street = serializers.CharField(allow_blank=True)
    area = serializers.CharField(allow_blank=True)
    landmark = serializers.CharField(allow_blank=True)
    city = serializers.CharField(allow_blank=True)
    district = serializers.CharField(allow_blank=True)
    state = serializers.CharField(allow_blank=True)
    pin_code = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)
    email = serializers.CharField(allow_blank=True)
    manager_name = serializers.CharField(allow_blank=True)
    manager_phone = serializers.CharField(allow_blank=True)
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)
    own = serializers.BooleanField(help_text="Whether the firm added the branch itself.")
    origins = OriginsField()


class FormatSerializer(serializers.Serializer[Any]):
    """A published format of the bank, in its newest version."""

    id = ObjectIdField()
    scheme = serializers.CharField()
    property_type = serializers.CharField()
    version = serializers.IntegerField(min_value=1)
    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True)


class ChangedPlaceSerializer(serializers.Serializer[Any]):
    """One change of the firm's whose ground has changed since, or that has no effect any more."""

    place = serializers.CharField()
    ours = serializers.JSONField(allow_null=True, help_text="The firm's value, which stands.")
    was = serializers.JSONField(allow_null=True, help_text="What lay under it when it was made.")
    shared = serializers.JSONField(allow_null=True, help_text="What lies under it now.")
    problem = serializers.CharField(allow_blank=True, help_text="Why it has no effect, else empty.")


class MergedFormatSerializer(FormatSerializer):
    """The version of a format in force, with what the firm changes of it."""

    branch = serializers.CharField(allow_blank=True)
    content = serializers.DictField(help_text="Tabs, sections and fields as a report begun now asks them.")
    origins = OriginsField(
        help_text="By `path`, `path.attribute` and `parameters.name`, whose it is: of the shared fields, of "
        "the bank's format, of the firm, of the firm for this branch."
    )
    hidden = OriginsField(help_text="The paths that the firm hides, and for whom.")
    stale = ChangedPlaceSerializer(many=True)


class BankDetailSerializer(BankSerializer):
    """A bank with its branches and the formats in which a report can be begun."""

    branch_count = serializers.IntegerField(help_text="How many branches match, told or not.")
    branches = BranchSerializer(many=True)
    formats = FormatSerializer(many=True)


def bank_as_told(bank: MergedBank) -> dict[str, Any]:
    """The values of a BankSerializer; what is unknown is an empty text."""
    told = {name: bank.values.get(name) or "" for name in BANK_FIELDS}
    return {"code": bank.code, **told, "name": bank.name, "origins": dict(bank.origins)}


def branch_as_told(branch: MergedBranch) -> dict[str, Any]:
    """The values of a BranchSerializer."""
    told = {name: branch.values.get(name) or "" for name in BRANCH_FIELDS}
    place = {name: branch.values.get(name) for name in ("latitude", "longitude")}
    return {
        "code": branch.code,
        **told,
        **place,
        "name": branch.name,
        "own": branch.own,
        "origins": dict(branch.origins),
    }


def format_as_told(found: MergedFormat, branch: str) -> dict[str, Any]:
    """The values of a MergedFormatSerializer."""
    summary = {name: getattr(found.summary, name) for name in _SUMMARY}
    return {
        **summary,
        "branch": branch,
        "content": dict(found.content),
        "origins": dict(found.origins),
        "hidden": dict(found.hidden),
        "stale": [
            {name: getattr(one, name) for name in ("place", "ours", "was", "shared", "problem")}
            for one in found.stale
        ],
    }
