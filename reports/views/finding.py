"""The report that an address names: of the active firm, or a 404."""

from __future__ import annotations

from bson import ObjectId
from bson.errors import InvalidId
from django.http import Http404

from reports.models import Report


def report_or_404(pk: object) -> Report:
    """The whole report. One command. Another firm's report is as absent as one that never was."""
    try:
        found: Report | None = Report.objects.filter(pk=ObjectId(str(pk))).first()
    except InvalidId as error:
        raise Http404("There is no such report.") from error
    if found is None:
        raise Http404("There is no such report.")
    return found
