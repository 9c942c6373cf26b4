"""The application's addresses by their names; a report's key is a number here, as is usual on PostgreSQL."""

from typing import Any

from django.urls import URLPattern, URLResolver, include, path

from bench._requests.rival.page import replace_the_queries
from reports.urls import urlpatterns as served_reports
from valuation.urls import handler400, handler403, handler404, handler500
from valuation.urls import urlpatterns as served

replace_the_queries()


def _with_number(pattern: URLPattern) -> URLPattern:
    route = str(pattern.pattern).replace("<oid:pk>", "<int:pk>")
    return path(route, pattern.callback, name=pattern.name)


def _in_place(pattern: URLPattern | URLResolver) -> URLPattern | URLResolver:
    if str(pattern.pattern) != "reports/":
        return pattern
    return path("reports/", include(([_with_number(one) for one in served_reports], "reports")))


_served: list[Any] = list(served)
urlpatterns = [_in_place(pattern) for pattern in _served]

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
