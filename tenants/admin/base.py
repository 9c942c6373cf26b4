"""What every page of the staff's admin has in common: audited changes, steps that ask first, narrow lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from pymongo.errors import PyMongoError

from tenants.context import shared_resources_writable
from tenants.errors import TenancyError
from tenants.middleware import is_unreachable
from tenants.models import Operation, User
from tenants.operations.records import add_record, change_record, remove_record
from tenants.planes import Plane, plane_of

M = TypeVar("M", bound=Model)
T = TypeVar("T")

if TYPE_CHECKING:

    class _ModelAdmin(admin.ModelAdmin[M]):
        """Django's, which takes a type for the type checker alone."""

else:

    class _ModelAdmin(Generic[M], admin.ModelAdmin):
        """Django's, which may be written with the type of its model."""


class StepForm(forms.Form):
    """What a step asks about the record that it is done to. By default nothing but whether it is meant."""

    def __init__(self, data: QueryDict | None = None, *, record: Any) -> None:
        super().__init__(data)
        self.record = record


def _always(record: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Step:
    """Something that staff do to one record, on a page that says what it means and asks first.

    ``perform(record, by, answers)`` does it and returns the sentence to show, or the operation that it began,
    whose page is shown next. It may raise a TenancyError or a ValidationError, which the page shows; nothing
    has happened then. ``tone`` is that of the link: primary for what waits to be done.
    """

    name: str
    label: str
    meaning: str | Callable[[Any], str]
    perform: Callable[[Any, User, dict[str, Any]], str | Operation]
    form: type[StepForm] = StepForm
    allowed: Callable[[Any], bool] = _always
    danger: bool = False
    tone: str = "primary"

    @property
    def title(self) -> str:
        """The label where nothing more is to come."""
        return self.label.rstrip("…")

    def said_of(self, record: Any) -> str:
        """What it means for this record."""
        return self.meaning if isinstance(self.meaning, str) else self.meaning(record)


@dataclass(frozen=True, slots=True)
class Tool:
    """A link above a record: a step, or somewhere else to go."""

    url: str
    label: str
    kind: str = ""


class NarrowChangeList(ChangeList):
    """A list that fetches only the fields that it shows.

    The ORM's ``only`` does not narrow what MongoDB sends, so the rows come through ``values``. Fields that
    were not fetched are empty in these objects, which are for showing and never saved.
    """

    model_admin: StaffAdmin[Any]

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        names = self.model_admin.list_fields
        if names:
            rows = cast("QuerySet[Any]", self.result_list).values("pk", *names)
            self.result_list = [self.model_admin.from_row(row) for row in rows]
            self.model_admin.complete(self.result_list)


class StaffAdmin(_ModelAdmin[M]):
    """A model that staff keep. Writes go through verbs that audit, one record at a time."""

    actions = None
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    save_as = False
    delete_allowed: ClassVar[bool] = False
    change_allowed: ClassVar[bool] = True
    add_allowed: ClassVar[bool] = True
    # Fields of a list's rows; empty means whole records.
    list_fields: ClassVar[Sequence[str]] = ()
    steps: ClassVar[Sequence[Step]] = ()

    # Who may ------------------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return self.add_allowed and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return self.change_allowed and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return self.delete_allowed and super().has_delete_permission(request, obj)

    # What is written ----------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: M, form: forms.BaseForm, change: bool) -> None:
        """Through the audited verbs; a change writes the changed fields alone."""
        if change:
            change_record(obj, before=before(form), by=staff_of(request))
        else:
            add_record(obj, by=staff_of(request))

    def delete_model(self, request: HttpRequest, obj: M) -> None:
        remove_record(obj, by=staff_of(request))

    # Django wraps these two in its own atomic(), which does nothing on MongoDB but mark the connection, so
    # that the verbs' real transactions could not end within it. ``admin_view`` checks the form's token.

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        with self.writing(request):
            return self._changeform_view(request, object_id, form_url, extra_context)  # type: ignore[attr-defined]

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        with self.writing(request):
            return self._delete_view(request, object_id, extra_context)  # type: ignore[attr-defined]

    def writing(self, request: HttpRequest) -> AbstractContextManager[None]:
        """Staff may write shared resources, and only while they send a form.

        Validation is within: Django asks for uniqueness where it would write.
        """
        if plane_of(self.model) is Plane.SHARED and request.method == "POST":
            return shared_resources_writable()
        return nullcontext()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Django's collector asks where it would write, before anybody has confirmed anything."""
        shared = plane_of(self.model) is Plane.SHARED
        with shared_resources_writable() if shared else nullcontext():
            return super().get_deleted_objects(objs, request)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A related record is chosen here and kept on its own page, without pop-ups."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_add_related = field.widget.can_change_related = False
            field.widget.can_view_related = field.widget.can_delete_related = False
        return field

    # Lists --------------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        plural = str(self.opts.verbose_name_plural)
        # Not str.capitalize: it would lower the rest.
        title = {"title": f"{plural[:1].upper()}{plural[1:]}"}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NarrowChangeList

    def from_row(self, row: dict[str, Any]) -> M:
        """A record of a list, made of the values fetched for it."""
        names = {field.attname for field in self.model._meta.concrete_fields} | {"pk"}
        record = self.model(**{name: value for name, value in row.items() if name in names})
        record._state.adding = False
        for name, value in row.items():
            if name not in names:
                setattr(record, name, value)
        return record

    def complete(self, records: list[M]) -> None:
        """Add to a list's records what is shown of them and kept elsewhere: one query for all of them."""

    # Steps --------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<path:object_id>/{step.name}/",
                self.page(partial(self._step_view, step)),
                name=self.url_name(step.name),
            )
            for step in self.steps
        ]
        return [*own, *super().get_urls()]

    def page(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        """A view of this site, for staff only."""

        def named(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return view(request, *args, **kwargs)

        return cast(
            "Callable[..., HttpResponse]", self.admin_site.admin_view(update_wrapper(named, self.page))
        )

    def url_name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def url(self, page: str, *args: Any) -> str:
        """The address of a page of this model: changelist, add, change, or a step."""
        return reverse(f"admin:{self.url_name(page)}", args=[quote(arg) for arg in args])

    def tools(self, request: HttpRequest, record: M) -> list[Tool]:
        """The links above a record: by default the steps that its state allows."""
        return [
            Tool(self.url(step.name, record.pk), step.label, "danger" if step.danger else step.tone)
            for step in self.steps
            if step.allowed(record)
        ]

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: M | None = None,
    ) -> HttpResponse:
        context["tools"] = self.tools(request, obj) if obj is not None else []
        if obj is not None:
            # The record is the heading; what kind it is stands beneath.
            context |= {"title": self.heading(obj), "subtitle": str(self.opts.verbose_name).capitalize()}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def heading(self, record: M) -> str:
        """What a record is called above its page."""
        return str(record)

    def found(self, request: HttpRequest, object_id: str) -> M | HttpResponse:
        """The record of an address, or the answer that there is none."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        record = self.get_object(request, unquote(object_id))
        if record is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        return record

    def _step_view(self, step: Step, request: HttpRequest, object_id: str) -> HttpResponse:
        record = self.found(request, object_id)
        if isinstance(record, HttpResponse):
            return record
        back = self.url("change", record.pk)
        if not step.allowed(record):
            messages.warning(request, f"“{record}” is in no state for this: {step.label.lower()}.")
            return HttpResponseRedirect(back)
        form = step.form(sent(request), record=record)
        if request.method == "POST" and form.is_valid():
            done = attempt(form, lambda: step.perform(record, staff_of(request), form.cleaned_data))
            if isinstance(done, Operation):
                self.log_change(request, record, f"{step.label}: asked for.")
                return HttpResponseRedirect(reverse("admin:tenants_operation_change", args=[done.pk]))
            if done is not None:
                self.log_change(request, record, done)
                messages.success(request, done)
                return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": step.title,
            "subtitle": self.heading(record),
            "opts": self.opts,
            "original": record,
            "step": step,
            "meaning": step.said_of(record),
            "form": form,
            "back": back,
        }
        return TemplateResponse(request, "admin/step.html", context)


def attempt(form: forms.BaseForm, action: Callable[[], T]) -> T | None:
    """What ``action`` returns, or None with its expected failure added to the form's errors."""
    try:
        return action()
    except ValidationError as error:
        _add_errors(form, error)
    except TenancyError as error:
        form.add_error(None, str(error))
    except (PyMongoError, DatabaseError) as error:
        if not is_unreachable(error):
            raise
        form.add_error(None, "The cluster's database does not answer. Try again when it does.")
    return None


def _add_errors(form: forms.BaseForm, error: ValidationError) -> None:
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)


def before(form: forms.BaseForm) -> dict[str, Any]:
    """The changed fields of a model's form with their old values."""
    return {name: form.get_initial_for_field(form.fields[name], name) for name in form.changed_data}


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form was sent with, or None while it is only shown."""
    return request.POST if request.method == "POST" else None


def staff_of(request: HttpRequest) -> User:
    return cast(User, request.user)


class ReadOnlyInline(admin.TabularInline[Any, Any] if TYPE_CHECKING else admin.TabularInline):  # type: ignore[misc]
    """Related records beneath a record, to read and to follow."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
