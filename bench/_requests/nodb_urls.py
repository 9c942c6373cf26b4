"""The application's own addresses, after the list page's queries were replaced."""

from bench._requests.nodb import replace_the_queries
from valuation.urls import handler400, handler403, handler404, handler500, urlpatterns

replace_the_queries()

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
