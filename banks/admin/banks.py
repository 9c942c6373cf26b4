"""Banks, and each bank's branches: a list to search, a page for one branch.

A bank can have thousands of branches, more than one form could carry; so each is added, changed and removed
on a page of its own. The bank's own page neither reads nor writes them: the server cuts out those shown.
"""

from __future__ import annotations

from copy import copy
from hashlib import sha256
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from banks.admin.as_firm import AsFirmPages
from banks.admin.exchange import ExchangePages
from banks.branches import (
    BranchChanged,
    BranchesFound,
    BranchTaken,
    add_branch,
    banks_with_branch,
    branch_of,
    change_branch,
    find_branches,
    remove_branch,
    require_usable_code,
    unusual_ifsc,
)
from banks.models import Bank, Branch
from tenants.admin.base import Tool, attempt, sent, staff_of
from tenants.admin.showing import badge, moment

BRANCHES_A_PAGE = 50
# The server tries every word on every branch; nobody looks for more.
_SEARCH_LENGTH = 100
# A page number of more digits is nobody's.
_DIGITS = 7
BRANCH_FIELDSETS = (
    ("The branch", {"fields": ("name", "code", "ifsc", "micr", "is_active")}),
    ("Address", {"fields": ("street", "area", "landmark", "city", "district", "state", "pin_code")}),
    ("Contact", {"fields": ("phone", "email", "manager_name", "manager_phone")}),
    ("On the map", {"fields": (("latitude", "longitude"),)}),
)


class BankForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean_code(self) -> str:
        return str(self.cleaned_data["code"]).strip().upper()


class BranchForm(forms.ModelForm):  # type: ignore[type-arg]
    """One branch. Codes and IFSC are kept in capitals."""

    latitude = forms.FloatField(required=False, min_value=-90, max_value=90)
    longitude = forms.FloatField(required=False, min_value=-180, max_value=180)

    class Meta:
        model = Branch
        fields = (
            "name",
            "code",
            "ifsc",
            "micr",
            "is_active",
            "street",
            "area",
            "landmark",
            "city",
            "district",
            "state",
            "pin_code",
            "phone",
            "email",
            "manager_name",
            "manager_phone",
            "latitude",
            "longitude",
        )

    # The branch as it is now, when somebody changed it in the moment of saving.
    theirs: Branch | None = None
    # Asked for once an IFSC is unlike those of the bank's other branches, and not before.
    ifsc_confirmed = forms.BooleanField(required=False, label="This IFSC is right")

    def ask_about_ifsc(self, usual: str) -> None:
        """Refuse the IFSC until somebody has said that it is right all the same."""
        self.add_error(
            "ifsc",
            f"The IFSC of this bank's other branches begin with {usual}. Correct it, or tick “This IFSC is "
            "right” and save again.",
        )

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"])
        if "code" in self.changed_data:
            require_usable_code(code)
        return code

    def clean_ifsc(self) -> str:
        return str(self.cleaned_data["ifsc"]).strip().upper()

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        given = {name for name in ("latitude", "longitude") if values.get(name) is not None}
        if len(given) == 1 and not {"latitude", "longitude"} & set(self.errors):
            missing = ({"latitude", "longitude"} - given).pop()
            self.add_error(missing, "Give both latitude and longitude, or neither.")
        return values


@admin.register(Bank)
class BankAdmin(ExchangePages, AsFirmPages):
    form = BankForm
    change_list_template = "admin/banks/bank/change_list.html"
    change_form_template = "admin/banks/bank/change_form.html"
    list_display = ("name", "code", "bank_type", "branch_count", "state_shown", "updated")
    list_fields = ("name", "code", "bank_type", "is_active", "updated_at", "branch_number")
    list_filter = ("is_active", "bank_type", "state")
    search_fields = ("name", "code", "short_name")
    search_help_text = "Part of a bank's name or code, or of a branch's IFSC, code, name or city"
    fields = ("name", "short_name", "code", "bank_type", "city", "state", "is_active")

    def get_readonly_fields(self, request: HttpRequest, obj: Bank | None = None) -> tuple[str, ...]:
        # Formats, reports and firms' own changes refer to a bank by its code.
        return ("code",) if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bank]:
        return super().get_queryset(request).annotate(branch_number=F("branches__len"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Bank], search_term: str
    ) -> tuple[QuerySet[Bank], bool]:
        """Banks that have the words themselves, and banks of which one branch has them. One command more."""
        words = search_term[:_SEARCH_LENGTH].split()
        if not words:
            return queryset, False
        own = Q()
        for word in words:
            either = Q()
            for name in self.search_fields:
                either |= Q(**{f"{name}__icontains": word})
            own &= either
        return queryset.filter(own | Q(pk__in=banks_with_branch(words))), False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Bank | None:
        """The bank without its branches, which may be thousands; ``find_branches`` gives those shown."""
        try:
            pk = self.opts.pk.to_python(object_id)
        except (ValidationError, ValueError):
            return None
        names = [field.name for field in self.opts.concrete_fields if field.name not in ("id", "branches")]
        row = Bank.objects.filter(pk=pk).values("pk", *names).first()
        return None if row is None else self.from_row(row)

    @admin.display(description="branches", ordering="branch_number")
    def branch_count(self, bank: Bank) -> int:
        return int(getattr(bank, "branch_number", 0) or 0)

    @admin.display(description="state", ordering="is_active")
    def state_shown(self, bank: Bank) -> SafeString:
        return badge("Active", "good") if bank.is_active else badge("Inactive", "bad")

    @admin.display(description="updated", ordering="updated_at")
    def updated(self, bank: Bank) -> Any:
        return moment(bank.updated_at)

    def tools(self, request: HttpRequest, record: Bank) -> list[Tool]:
        return [
            *super().tools(request, record),
            Tool(self.url("branch_add", record.pk), "Add branch", "primary"),
            *self.exchange_tools(record),
            *self.as_firm_tools(record),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        bank: Bank | None = kwargs.get("obj")
        if bank is not None:
            page, found = self._branches(request, bank)
            context["branches"] = page
            context["branch_search"] = request.GET.get("branch", "")
            context["branch_total"] = found.total
        return super().render_change_form(request, context, *args, **kwargs)

    @staticmethod
    def _branches(request: HttpRequest, bank: Bank) -> tuple[Page[Branch], BranchesFound]:
        """The page that was asked for; a page beyond the last is the last, for one command more."""
        search, wanted = request.GET.get("branch", "")[:_SEARCH_LENGTH], request.GET.get("page", "")
        number = int(wanted) if wanted.isdecimal() and len(wanted) < _DIGITS else 1
        found = find_branches(bank, search, max(number - 1, 0) * BRANCHES_A_PAGE, BRANCHES_A_PAGE)
        paginator = Paginator(range(found.found), BRANCHES_A_PAGE)
        page = paginator.get_page(number)
        if page.number != number and found.found:
            found = find_branches(bank, search, page.start_index() - 1, BRANCHES_A_PAGE)
        return Page(found.branches, page.number, cast(Any, paginator)), found

    # One branch ---------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                "<path:object_id>/branches/add/",
                self.page(self.branch_view),
                name=self.url_name("branch_add"),
            ),
            path(
                "<path:object_id>/branches/<str:code>/remove/",
                self.page(self.branch_remove_view),
                name=self.url_name("branch_remove"),
            ),
            path(
                "<path:object_id>/branches/<str:code>/",
                self.page(self.branch_view),
                name=self.url_name("branch_change"),
            ),
        ]
        return [*own, *self.exchange_urls(), *self.as_firm_urls(), *super().get_urls()]

    def branch_view(self, request: HttpRequest, object_id: str, code: str | None = None) -> HttpResponse:
        """Add a branch (no ``code``), or change the one of that code."""
        bank, branch = self._bank_and_branch(request, object_id, code)
        if isinstance(bank, HttpResponse):
            return bank
        # A copy: the form writes what was typed into its instance, right or wrong.
        form = BranchForm(sent(request), instance=copy(branch) if branch else Branch())
        with self.writing(request):
            valid = form.is_valid()
        if valid and branch is not None and request.POST.get("base", _state_of(branch)) != _state_of(branch):
            form.add_error(None, str(BranchChanged(branch)))
            valid = False
        if valid:
            done = attempt(form, lambda: self._save_branch(request, bank, branch, form))
            if done is not None:
                self.log_change(request, bank, done)
                messages.success(request, done)
                again = "_addanother" in request.POST
                return HttpResponseRedirect(self.url("branch_add" if again else "change", bank.pk))
        context = self._branch_context(request, bank, form.theirs or branch, form)
        return TemplateResponse(request, "admin/banks/bank/branch_form.html", context)

    def branch_remove_view(self, request: HttpRequest, object_id: str, code: str) -> HttpResponse:
        """Ask, then remove the branch."""
        bank, branch = self._bank_and_branch(request, object_id, code)
        if isinstance(bank, HttpResponse):
            return bank
        form = forms.Form(sent(request))
        if request.method == "POST" and form.is_valid():
            removed = attempt(form, lambda: remove_branch(bank, unquote(code), by=staff_of(request)))
            if removed is not None:
                done = f"The branch “{removed.name}” ({removed.code}) of {bank} was removed."
                self.log_change(request, bank, done)
                messages.success(request, done)
                return HttpResponseRedirect(self.url("change", bank.pk))
        context = self._branch_context(request, bank, branch, None)
        return TemplateResponse(request, "admin/banks/bank/branch_remove.html", context | {"form": form})

    def _bank_and_branch(
        self, request: HttpRequest, object_id: str, code: str | None
    ) -> tuple[Bank | HttpResponse, Branch | None]:
        if not self.has_change_permission(request):
            raise PermissionDenied
        bank = self.found(request, object_id)
        if isinstance(bank, HttpResponse) or code is None:
            return bank, None
        branch = branch_of(bank, unquote(code))
        if branch is None:
            messages.warning(request, f"{bank} has no branch “{unquote(code)}”. Perhaps it was removed.")
            return HttpResponseRedirect(self.url("change", bank.pk)), None
        return bank, branch

    @staticmethod
    def _save_branch(request: HttpRequest, bank: Bank, was: Branch | None, form: BranchForm) -> str | None:
        branch: Branch = form.instance
        if not form.cleaned_data["ifsc_confirmed"]:
            usual = unusual_ifsc(bank, branch.ifsc, but=was.code if was else "")
            if usual:
                form.ask_about_ifsc(usual)
                return None
        try:
            if was is None:
                add_branch(bank, branch, by=staff_of(request))
            else:
                # The page was looked at a moment ago; what is stored may be another one by now.
                change_branch(bank, was.code, branch, was=was, by=staff_of(request))
        except BranchTaken as taken:
            form.add_error(taken.field, str(taken))
            return None
        except BranchChanged as changed:
            form.add_error(None, str(changed))
            form.theirs = changed.now
            return None
        done = "added" if was is None else "changed"
        return f"The branch “{branch.name}” ({branch.code}) of {bank} was {done}."

    def _branch_context(
        self, request: HttpRequest, bank: Bank, branch: Branch | None, form: BranchForm | None
    ) -> dict[str, Any]:
        context = {
            **self.admin_site.each_context(request),
            "title": "Change branch" if branch else "Add branch",
            "subtitle": f"{bank}: {branch.name} ({branch.code})" if branch else str(bank),
            "opts": self.opts,
            "original": bank,
            "branch": branch,
            "base": _state_of(branch) if branch else "",
            "back": self.url("change", bank.pk),
            "media": self.media,
        }
        if branch is not None:
            context["remove_url"] = self.url("branch_remove", bank.pk, branch.code)
        if form is not None:
            adminform = helpers.AdminForm(form, cast(Any, _fieldsets(form)), {}, model_admin=self)
            context |= {"adminform": adminform, "form": form, "errors": form.errors}
        return context


def _state_of(branch: Branch) -> str:
    """What names the state of a branch that a page was made from; the same wherever it says the same."""
    said = [(name, getattr(branch, name) or "") for name in BranchForm.Meta.fields]
    return sha256(repr(said).encode()).hexdigest()[:32]


def _fieldsets(form: BranchForm) -> tuple[Any, ...]:
    """With the question about the IFSC where there is one to ask, or where it has been answered."""
    first, *others = BRANCH_FIELDSETS
    asked = form.has_error("ifsc") or "ifsc_confirmed" in form.data
    names = ("name", "code", "ifsc", "ifsc_confirmed", "micr", "is_active") if asked else first[1]["fields"]
    return (first[0], {"fields": names}), *others
