"""The firm's reports: list, begin, read, change. The rules are the actions'; this parses and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.saving import begin, change
from reports.api.serializers import (
    NewReportSerializer,
    ReportChangeSerializer,
    ReportPageSerializer,
    ReportQuery,
    ReportRowSerializer,
    ReportSerializer,
)
from reports.listing import Filters, newest, tally
from reports.models import Report
from reports.views.finding import report_or_404
from tenants.api.fields import OBJECT_ID
from tenants.api.problems import Problem
from tenants.api.schema import PROBLEMS
from tenants.api.views import MemberView, read_body, read_query
from tenants.permissions import Permission

_ROW = tuple(
    field.source or name for name, field in ReportRowSerializer().fields.items() if field.source != "*"
)
_ETAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    response=True,
    description="The report's version, for If-Match and If-None-Match.",
)
_ID = OpenApiParameter("report_id", OBJECT_ID, OpenApiParameter.PATH, description="The report's id.")


class Reports(MemberView):
    """All reports of the firm, and new ones."""

    may_read = Permission.VIEW_REPORTS
    may_write = Permission.DRAFT_REPORTS

    @extend_schema(
        operation_id="reports_list",
        summary="The firm's reports, the latest change first",
        tags=["Reports"],
        parameters=[ReportQuery],
        responses=ReportPageSerializer,
    )
    def get(self, request: Request) -> Response:
        query = read_query(ReportQuery, request)
        filters = Filters.read(
            {
                "q": query.get("q", ""),
                "status": query.get("status", ""),
                "bank": query.get("bank", ""),
                "mine": "1" if query["mine"] else "",
            }
        )
        page, size = query["page"], query["page_size"]
        count = tally(filters, str(self.member.pk)).total(status=filters.status, bank=filters.bank)
        pages = max(1, -(-count // size))
        start = (page - 1) * size
        rows = _rows(filters, str(self.member.pk), start=start, size=size) if start < count else []
        told = {
            "count": count,
            "page": page,
            "pages": pages,
            "next": _page_path(query, page + 1) if page < pages else None,
            "previous": _page_path(query, min(page - 1, pages)) if page > 1 else None,
            "results": rows,
        }
        return Response(ReportPageSerializer(told).data)

    @extend_schema(
        operation_id="reports_begin",
        summary="Begin a report",
        description=(
            "The report gets the next reference number of the firm. Bank, branch and number are filled in as "
            "answers; further first answers may be given."
        ),
        tags=["Reports"],
        request=NewReportSerializer,
        responses={
            201: OpenApiResponse(ReportSerializer, description="Begun; `Location` tells where it is.")
        },
        extensions={PROBLEMS: []},
        examples=[
            OpenApiExample(
                "A house for a home loan",
                request_only=True,
                value={
                    "bank": "SBI",
                    "branch": "SBI_BLR_MGR",
                    "scheme": "general",
                    "property_type": "land_building",
                    "answers": {"common": {"details": {"applicant_name": "Applicant One"}}},
                },
            )
        ],
    )
    def post(self, request: Request) -> Response:
        report = begin(
            read_body(NewReportSerializer, request),
            organization=self.organization,
            by=self.member,
            now=_now(),
        )
        answer = _told(report, status.HTTP_201_CREATED)
        answer["Location"] = reverse("api:report", args=[report.pk])
        return answer


class OneReport(MemberView):
    """One report of the firm."""

    may_read = Permission.VIEW_REPORTS
    may_write = Permission.DRAFT_REPORTS

    @extend_schema(
        operation_id="reports_read",
        summary="Read one report",
        tags=["Reports"],
        parameters=[
            _ID,
            _ETAG,
            OpenApiParameter(
                "If-None-Match",
                str,
                OpenApiParameter.HEADER,
                description="Answers 304 while nothing has changed.",
            ),
        ],
        responses={200: ReportSerializer, 304: OpenApiResponse(description="Nothing has changed.")},
    )
    def get(self, request: Request, report_id: str) -> Response:
        report = report_or_404(report_id)
        known = parse_etags(request.headers.get("If-None-Match", ""))
        if _etag(report) in known or f"W/{_etag(report)}" in known:
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": _etag(report)})
        return _told(report)

    @extend_schema(
        operation_id="reports_change",
        summary="Change answers of one report",
        description=(
            "Saves sections: all that are named, or nothing. Answers have the shape in which they are read. "
            "A field that is not named keeps its answer and null empties it; so it is with the members of "
            "groups and the cells of tables with given rows. Tables whose rows or columns are added are "
            "replaced whole.\n\n"
            "The request tells what the answers were made from: each section's `base_version`, or the "
            "report's `version`, or `If-Match` with the report's ETag. A save of other sections in between "
            "does no harm unless `If-Match` is sent."
        ),
        tags=["Reports"],
        parameters=[
            _ID,
            _ETAG,
            OpenApiParameter(
                "If-Match", str, OpenApiParameter.HEADER, description="The ETag of the report as it was read."
            ),
        ],
        request=ReportChangeSerializer,
        responses=ReportSerializer,
        extensions={PROBLEMS: ["conflict", "outdated"]},
        examples=[
            OpenApiExample(
                "The dates of one report",
                request_only=True,
                value={
                    "sections": {
                        "common.details": {
                            "base_version": 0,
                            "answers": {"inspection_date": "2026-11-16", "valuation_date": "2026-11-18"},
                        }
                    }
                },
            )
        ],
    )
    def patch(self, request: Request, report_id: str) -> Response:
        body = read_body(ReportChangeSerializer, request)
        report = report_or_404(report_id)
        matched = _matches(request, report)
        return _told(change(report, body, matched=matched, by=self.member, now=_now()))


def _matches(request: Request, report: Report) -> bool:
    """Whether If-Match names the present version; False without it. Raises Problem 412."""
    asked = request.headers.get("If-Match")
    if asked is None:
        return False
    tags = parse_etags(asked)
    if _etag(report) in tags:
        return True
    if tags == ["*"]:
        # It says only that the report exists.
        return False
    raise Problem(
        status.HTTP_412_PRECONDITION_FAILED,
        "The report has changed",
        f"Read the report again: its version is {report.version}.",
        kind="outdated",
        more={"version": report.version},
        headers={"ETag": _etag(report)},
    )


def _now() -> datetime:
    """The time as MongoDB keeps it, in milliseconds, so that an answer tells what a later one will."""
    now = timezone.now()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _etag(report: Report) -> str:
    return f'"{report.version}"'


def _told(report: Report, status_code: int = status.HTTP_200_OK) -> Response:
    document = None
    if report.document_id:
        document = {
            "sha256": report.document_sha256,
            "pages": report.document_pages,
            "url": reverse("reports:document", args=[report.pk]),
        }
    told = {name: getattr(report, name) for name in (*_ROW, "answers", "computed", "section_versions")}
    data = ReportSerializer({**told, "document": document}).data
    return Response(data, status=status_code, headers={"ETag": _etag(report)})


def _rows(filters: Filters, user_id: str, *, start: int, size: int) -> list[dict[str, Any]]:
    """The rows of one page, without answers. One command."""
    return newest(filters, user_id, _ROW, start=start, stop=start + size)


def _page_path(query: dict[str, Any], page: int) -> str:
    given = {**query, "page": page, "mine": "true" if query["mine"] else ""}
    return f"{reverse('api:reports')}?{urlencode({name: value for name, value in given.items() if value})}"
