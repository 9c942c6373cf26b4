"""Banks as the firm sees them: what every firm reads, with this firm's own values over it."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from banks.api.serializers import (
    BankDetailSerializer,
    BanksSerializer,
    BranchSearch,
    FormatQuery,
    FormatSerializer,
    MergedFormatSerializer,
    Search,
    bank_as_told,
    branch_as_told,
    format_as_told,
)
from banks.queries import merged_format, published_formats, visible_bank, visible_banks
from tenants.api.problems import InvalidValues, ValueProblem
from tenants.api.views import MemberView, read_query
from tenants.permissions import Permission

_CODE = OpenApiParameter(
    "code",
    OpenApiTypes.STR,
    OpenApiParameter.PATH,
    pattern="^[A-Z][A-Z0-9_]{1,19}$",
    description="The bank's code.",
)


class Banks(MemberView):
    """The banks of the firm. Two commands beside those of the sign-in."""

    may_read = Permission.VIEW_REPORTS

    @extend_schema(
        operation_id="banks_list",
        summary="The banks that the firm works for",
        description="Active banks by name, without those that the firm has hidden.",
        tags=["Banks"],
        parameters=[Search],
        responses=BanksSerializer,
    )
    def get(self, request: Request) -> Response:
        words = read_query(Search, request).get("q", "").casefold().split()
        found = [bank_as_told(bank) for bank in visible_banks()]
        searched = ("code", "name", "short_name", "city")
        matching = [bank for bank in found if _has(words, (bank[name] for name in searched))]
        return Response(BanksSerializer({"count": len(matching), "results": matching}).data)


class Bank(MemberView):
    """One bank with branches and formats. Three commands beside those of the sign-in."""

    may_read = Permission.VIEW_REPORTS

    @extend_schema(
        operation_id="banks_read",
        summary="One bank with its branches and formats",
        description=(
            "`q` searches the branches by code, name, IFSC, PIN code and address; `limit` and `page` tell "
            "which of those that match are listed, in order of their names."
        ),
        tags=["Banks"],
        parameters=[
            _CODE,
            BranchSearch,
        ],
        responses=BankDetailSerializer,
    )
    def get(self, request: Request, code: str) -> Response:
        query = read_query(BranchSearch, request)
        bank = visible_bank(code)
        if bank is None:
            raise Http404("There is no such bank.")
        start = (query["page"] - 1) * query["limit"]
        branches, count = bank.find(query.get("q", ""), start, start + query["limit"])
        told = {
            **bank_as_told(bank),
            "branch_count": count,
            "branches": [branch_as_told(branch) for branch in branches],
            "formats": FormatSerializer(published_formats(bank.code), many=True).data,
        }
        return Response(BankDetailSerializer(told).data)


class BankFormat(MemberView):
    """One format of a bank as the firm sees it. Four commands beside those of the sign-in."""

    may_read = Permission.VIEW_REPORTS

    @extend_schema(
        operation_id="banks_format_read",
        summary="One format of a bank, with what the firm changes of it",
        description=(
            "The version in force, merged for all branches or for one, and whose each value is. Reports that "
            "are begun already keep what they were begun with."
        ),
        tags=["Banks"],
        parameters=[
            _CODE,
            *(
                OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.PATH, pattern="^[a-z0-9_-]{1,40}$")
                for name in ("scheme", "property_type")
            ),
            FormatQuery,
        ],
        responses=MergedFormatSerializer,
    )
    def get(self, request: Request, code: str, scheme: str, property_type: str) -> Response:
        branch = read_query(FormatQuery, request)["branch"]
        bank = visible_bank(code)
        if bank is None:
            raise Http404("There is no such bank.")
        if branch and bank.branch(branch) is None:
            raise InvalidValues([ValueProblem(f"{bank.name} has no such branch.", parameter="branch")])
        found = merged_format(code, f"{scheme}/{property_type}", branch)
        if found is None:
            raise Http404("The bank has no such format in force.")
        return Response(MergedFormatSerializer(format_as_told(found, branch)).data)


def _has(words: Iterable[str], texts: Iterable[str]) -> bool:
    """Whether every word occurs in the texts, whatever the case."""
    whole = " ".join(texts).casefold()
    return all(word in whole for word in words)
