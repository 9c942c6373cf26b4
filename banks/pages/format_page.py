"""What every page of a bank's format begins with, and how its forms are saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.urls import reverse

from banks import overrides
from banks.formats.definition import FormatDefinition, Section
from banks.formats.overriding import FormatChanges
from banks.pages import adapting
from banks.pages.adapting import Asked, Layers, Scope
from banks.pages.editing import Current, EditForm, plain, save
from banks.pages.reading import BankPage, SharedFormat, bank_page, format_of
from tenants.access import TenantRequest

FROM_NOW_ON = "Reports begun from now on have it."


@dataclass(frozen=True, slots=True)
class FormatPage:
    """A bank's format in one scope: what the bank asks, what the firm changes of it."""

    format: SharedFormat
    bank: BankPage
    scope: Scope
    layers: Layers
    definition: FormatDefinition

    @property
    def changes(self) -> FormatChanges:
        """What the firm changes in the scope."""
        return self.layers.of(self.scope)

    @property
    def below(self) -> dict[str, Any]:
        """The parameters in the layer under the scope."""
        return adapting.parameters_under(self.definition, self.layers, self.scope)

    @property
    def layer_below(self) -> str:
        return "Your firm's for all branches" if self.scope.branch else "The bank's"

    @property
    def back_text(self) -> str:
        return "Back to your firm's" if self.scope.branch else "Back to the bank's"

    @property
    def for_whom(self) -> str:
        return f"for {self.format.branch_name} alone" if self.scope.branch else "for all branches"

    def url(self, name: str, *more: str) -> str:
        """The address of another page of the format, in the same scope."""
        one = self.format
        path = reverse(name, args=[one.bank_code, one.scheme, one.property_type, *more])
        return f"{path}{self.scope.query}"

    def crumbs(self, *more: tuple[str, str]) -> list[tuple[str, str]]:
        bank = (self.format.bank_name, reverse("bank", args=[self.format.bank_code]))
        return [
            ("Banks", reverse("banks")),
            bank,
            (self.format.title, self.url("bank-format") if more else ""),
            *more,
        ]

    def current(self, values: Mapping[str, Any]) -> Current:
        """What a form of this page is drawn from."""
        one = self.bank.managed
        shown = {name: plain(value) for name, value in values.items()}
        return Current(shown, one.version, one.updated_by_name, one.updated_at)

    def section(self, tab: str, section: str) -> Section:
        """Raises Http404."""
        found = self.definition.section(tab, section)
        if found is None:
            raise Http404("The format has no such section.")
        return found

    def questions(self, section: Section) -> list[Asked]:
        """The section's questions as they are asked in the scope."""
        return adapting.section_asked(section, self.layers, self.scope)

    def question(self, tab: str, section: str, field: str) -> Asked:
        """Raises Http404."""
        path = f"{tab}.{section}.{field}"
        for one in adapting.flat(self.questions(self.section(tab, section))):
            if one.field.path == path:
                return one
        raise Http404("The section has no such question.")


def format_page(request: TenantRequest, code: str, scheme: str, property_type: str) -> FormatPage:
    """The format in the scope that the address names. One command, more for what is not kept.

    Raises Http404 for a bank, format or branch that the firm does not have.
    """
    scope = Scope(request.GET.get("branch", "").strip())
    bank = bank_page(code, with_places=False)
    found = format_of(bank, f"{scheme}/{property_type}", branch_code=scope.branch) if bank else None
    if bank is None or found is None:
        raise Http404("The bank has no such format, or no such branch.")
    layers = adapting.layers_of(bank.override.get("formats"), found.name, scope)
    return FormatPage(found, bank, scope, layers, adapting.arranged(found.content, layers))


Make = Callable[[FormatPage, dict[str, Any]], FormatChanges]
Show = Callable[[FormatPage], Current]


def saved(request: TenantRequest, page: FormatPage, form: EditForm, *, make: Make, show: Show) -> bool:
    """Whether the form's values are stored.

    ``make`` gives the firm's changes with these values; ``show`` what the form shows of the page. Both are
    asked again when somebody else was faster.
    """
    one = page.format
    now = page

    def read() -> Current:
        nonlocal now
        now = format_page(request, one.bank_code, one.scheme, one.property_type)
        return show(now)

    def write(values: dict[str, Any], base_version: int) -> None:
        overrides.change_format(
            bank_code=one.bank_code,
            format_name=one.name,
            changes=make(now, values),
            branch_code=page.scope.branch,
            by=request.user,
            base_version=base_version,
        )

    return save(form, read=read, write=write)
