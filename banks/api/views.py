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
    FormatSerializer,
    Search,
    bank_as_told,
    branch_as_told,
)
from banks.queries import published_formats, visible_bank, visible_banks
from tenants.api.views import MemberView, read_query
from tenants.permissions import Permission


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
        description="`q` searches the branches by code, name, IFSC, street, city, district and state.",
        tags=["Banks"],
        parameters=[
            OpenApiParameter(
                "code",
                OpenApiTypes.STR,
                OpenApiParameter.PATH,
                pattern="^[A-Z][A-Z0-9_]{1,19}$",
                description="The bank's code.",
            ),
            BranchSearch,
        ],
        responses=BankDetailSerializer,
    )
    def get(self, request: Request, code: str) -> Response:
        query = read_query(BranchSearch, request)
        bank = visible_bank(code)
        if bank is None:
            raise Http404("There is no such bank.")
        words = query.get("q", "").casefold().split()
        searched = ("name", "ifsc", "street", "city", "district", "state")
        branches = [
            branch
            for branch in bank.branches
            if _has(words, (branch.code, *(str(branch.values.get(name) or "") for name in searched)))
        ]
        told = {
            **bank_as_told(bank),
            "branch_count": len(branches),
            "branches": [branch_as_told(branch) for branch in branches[: query["limit"]]],
            "formats": FormatSerializer(published_formats(bank.code), many=True).data,
        }
        return Response(BankDetailSerializer(told).data)


def _has(words: Iterable[str], texts: Iterable[str]) -> bool:
    """Whether every word occurs in the texts, whatever the case."""
    whole = " ".join(texts).casefold()
    return all(word in whole for word in words)
