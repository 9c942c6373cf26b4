"""Filters of the admin's lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest


class TypedFilter(admin.SimpleListFilter):
    """A filter by an exact value that is typed: where a list of choices could have thousands.

    ``field`` is the field compared. What is typed is taken as it is, without surrounding space.
    """

    template = "admin/typed_filter.html"
    field: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        # Must not be empty for the filter to be shown; ``choices`` draws it.
        return [("", "")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = (self.value() or "").strip()
        return queryset.filter(**{self.field: value}) if value else queryset

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """One entry: the form's value, and the other parameters of the list to keep."""
        others = [
            (name, value)
            for name, values in changelist.filter_params.items()
            if name != self.parameter_name
            for value in values
        ]
        if changelist.query:
            others.append(("q", changelist.query))
        yield {
            "parameter": self.parameter_name,
            "value": self.value() or "",
            "others": others,
            "clear": changelist.get_query_string(remove=[str(self.parameter_name)]),
        }


class WhenFilter(admin.DateFieldListFilter):
    """Today, the last days, this month, this year."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "time"


class OrganizationFilter(TypedFilter):
    title = "organization id"
    parameter_name = "org"
    field = "org_id"


class MemberOfFilter(TypedFilter):
    title = "organization id"
    parameter_name = "org"
    field = "organization"
