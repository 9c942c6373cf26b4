"""The pages of a firm's people: the list, an invitation, one person. For managers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from types import MappingProxyType
from typing import Any, Concatenate, ParamSpec, cast

from bson import ObjectId
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenants.access import TenantRequest, firm_page, read_only_page
from tenants.errors import TenancyError
from tenants.models import User
from tenants.operations.invitations import InvitationNotSent
from tenants.people import actions
from tenants.people.forms import InviteForm, PersonForm
from tenants.people.listing import Filters, find_people, sessions_and_tokens, way_of
from tenants.people.standing import (
    ROLE_MEANINGS,
    State,
    invitation_ends,
    role_comes_from_provider,
    state_of_person,
)
from tenants.permissions import Permission, Role
from tenants.plans.limits import Level, Limit, level_of, limit_of, seats_taken
from tenants.questions import question

P = ParamSpec("P")
_INVALID = 422
_READING = ("GET", "HEAD")
# A firm that may change nothing still shuts people out and says what they may do; it takes nobody in.
_TAKES_IN = frozenset({"resend", "reactivate"})
# What is asked about again before it is done, at the end of the page.
_DANGEROUS = frozenset({"withdraw", "deactivate"})


def people_page(
    view: Callable[Concatenate[TenantRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Guard a page about people: as every page of the firm, but a manager of a firm whose subscription has
    ended may still send its forms. Who left must be shut out even then; the view says what else is refused.
    """
    guarded_view = firm_page(Permission.MANAGE_PEOPLE)(view)

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        person, why = request.user, getattr(request, "read_only", "")
        if (
            why == "subscription"
            and isinstance(person, User)
            and person.can(Permission.MANAGE_PEOPLE)
            and getattr(request, "organization", None) is not None
        ):
            return view(cast(TenantRequest, request), *args, **kwargs)
        return guarded_view(request, *args, **kwargs)

    guarded.permission = Permission.MANAGE_PEOPLE  # type: ignore[attr-defined]
    return guarded


@require_GET
@people_page
def people(request: TenantRequest) -> HttpResponse:
    """Everybody of the firm. Two commands of its own."""
    filters = Filters.of(request.GET.dict())
    found = find_people(
        request.organization, filters, number=_number(request.GET.get("page", "")), now=timezone.now()
    )
    context = {
        "found": found,
        "filters": filters,
        "words": " ".join(filters.words),
        "state_chips": _chips(request, "state", State.choices, found.states),
        "role_chips": _chips(request, "role", Role.choices, found.roles),
        "query": _query(request),
        "me": str(request.user.pk),
        "may_invite": not request.read_only,
        **_seats(request),
    }
    return render(request, "tenants/people.html", context)


@require_http_methods(["GET", "POST"])
@people_page
def invite(request: TenantRequest) -> HttpResponse:
    """Invite somebody: a seat is taken and a letter goes out."""
    if request.read_only:
        return read_only_page(request)
    form = InviteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        person = _invited(request, form)
        if person is not None:
            return redirect("person", person.pk)
    context = {
        "form": form,
        "crumbs": [("People", reverse("people")), ("Invite", "")],
        "asked": {name: question(form[name], width=6) for name in ("name", "email")},
        "roles": _roles(form),
        **_seats(request),
    }
    return render(request, "tenants/people_invite.html", context, status=_INVALID if form.errors else 200)


def _invited(request: TenantRequest, form: InviteForm) -> User | None:
    """Who is invited; None when that was refused, which the form tells."""
    cleaned = form.cleaned_data
    try:
        person = actions.invite_colleague(organization=request.organization, by=request.user, **cleaned)
    except InvitationNotSent as error:
        messages.error(request, error.for_firm)
        return User.objects.filter(email=cleaned["email"], organization=request.organization).first()
    except ValidationError as error:
        _tell(form, error)
    except TenancyError as error:
        form.add_error(None, str(error))
    else:
        messages.success(request, f"An invitation is on its way to {person.email}.")
        return person
    return None


@require_http_methods(["GET", "POST"])
@people_page
def person(request: TenantRequest, person_id: ObjectId) -> HttpResponse:
    """One person of the firm: name, role, way in, and what can be done. Three commands of its own."""
    one = _found(request, person_id)
    by_provider = role_comes_from_provider(one)
    form = PersonForm(
        request.POST if request.method == "POST" else None, person=one, asks_role=not by_provider
    )
    if request.method == "POST" and form.is_valid() and _changed(request, one, form):
        # Who changed the own role is signed out with it.
        return redirect("people" if one.pk == request.user.pk else "person", *_key(request, one))
    now = timezone.now()
    state = state_of_person(one, now)
    sessions, tokens = sessions_and_tokens(one, now)
    shown = _offered(request, one, state)
    # Nothing to end, no button that ends it.
    shown -= {step for step, number in (("sign-out", sessions), ("revoke-tokens", tokens)) if not number}
    context = {
        "one": one,
        "form": form,
        "crumbs": [("People", reverse("people")), (one.name, "")],
        "asked_name": question(form["name"], width=6),
        "roles": [] if by_provider else _roles(form),
        "by_provider": by_provider,
        "role_means": ROLE_MEANINGS.get(one.role, ""),
        "state": state,
        "until": invitation_ends(one.invited_at) if state is State.INVITED and one.invited_at else None,
        "way": way_of(has_password=one.has_usable_password(), openid=bool(one.cognito_id)),
        "sessions": sessions,
        "tokens": tokens,
        "steps": shown,
        "has_buttons": bool(shown - _DANGEROUS),
    }
    return render(request, "tenants/people_person.html", context, status=_INVALID if form.errors else 200)


def _changed(request: TenantRequest, one: User, form: PersonForm) -> bool:
    """Whether the person was changed; a refusal is told on the form."""
    try:
        actions.change_colleague(
            one, by=request.user, name=form.cleaned_data["name"], role=form.chosen_role()
        )
    except TenancyError as refusal:
        form.add_error("role" if "role" in form.fields else None, str(refusal))
        return False
    messages.success(request, f"{one.name} is saved.")
    return True


@dataclass(frozen=True, slots=True)
class PersonStep:
    """A button of a person's page: what it does, and the sentence that says it was done."""

    perform: Callable[..., None]
    done: str


STEPS: Mapping[str, PersonStep] = MappingProxyType(
    {
        "resend": PersonStep(
            actions.resend_to, "An invitation is on its way to {email}. Older links are dead."
        ),
        "withdraw": PersonStep(actions.withdraw_from, "{name} is not invited any more; the links are dead."),
        "deactivate": PersonStep(actions.deactivate_colleague, "{name} cannot sign in any more."),
        "reactivate": PersonStep(actions.reactivate_colleague, "{name} can sign in again."),
        "sign-out": PersonStep(actions.sign_out_colleague, "{name} is signed out everywhere."),
        "revoke-tokens": PersonStep(actions.revoke_tokens_of, "{name} has no API token any more."),
    }
)


def step(name: str) -> Callable[..., HttpResponseBase]:
    """The view behind a button of a person's page: it does one thing and leads back."""
    one_step = STEPS[name]

    def view(request: TenantRequest, person_id: ObjectId) -> HttpResponse:
        if request.read_only and name in _TAKES_IN:
            return read_only_page(request)
        one = _found(request, person_id)
        if name not in _offered(request, one, state_of_person(one, timezone.now())):
            messages.warning(request, f"{one.name} is in no state for this any more.")
        else:
            _perform(request, one, one_step)
        return redirect("person", one.pk)

    view.__name__ = f"person_{name.replace('-', '_')}"
    return require_POST(people_page(view))


def _perform(request: TenantRequest, one: User, one_step: PersonStep) -> None:
    try:
        one_step.perform(one, by=request.user)
    except InvitationNotSent as error:
        messages.error(request, error.for_firm)
    except TenancyError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, one_step.done.format(name=one.name, email=one.email))


def _found(request: TenantRequest, pk: ObjectId) -> User:
    """The person of that id in the manager's own firm; anybody else's is not there. One command."""
    one = User.objects.filter(pk=pk, organization=request.organization.org_id, is_staff=False).first()
    if one is None:
        raise Http404("The firm has nobody of this id.")
    one.organization = request.organization
    return one


def _offered(request: TenantRequest, one: User, state: State) -> frozenset[str]:
    """The steps that the state of the person has, without those that would be refused."""
    offered = set(actions.STEPS_OF_STATE[state])
    if one.pk == request.user.pk:
        offered.discard("deactivate")
    if request.read_only:
        offered -= _TAKES_IN
    return frozenset(offered)


def _key(request: TenantRequest, one: User) -> tuple[ObjectId, ...]:
    return () if one.pk == request.user.pk else (one.pk,)


def _tell(form: forms.Form, error: ValidationError) -> None:
    for name, errors in getattr(error, "error_dict", {None: error}).items():
        form.add_error(name if name in form.fields else None, errors)


def _roles(form: forms.Form) -> list[dict[str, Any]]:
    """The roles with what each means, for choosing."""
    given = str(form["role"].value() or "")
    return [
        {"value": value, "label": label, "means": ROLE_MEANINGS[value], "selected": value == given}
        for value, label in Role.choices
    ]


def _seats(request: TenantRequest) -> dict[str, Any]:
    """How many seats are taken, of how many. One command where they are limited."""
    limit = limit_of(request.organization, Limit.SEATS)
    taken = seats_taken(request.organization) if limit is not None else None
    level = level_of(taken, limit) if taken is not None else Level.FREE
    return {
        "seats": limit,
        "seats_taken": taken,
        "seats_near": level is Level.NEAR,
        "seats_full": level is Level.FULL,
    }


def _number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _query(request: TenantRequest, **changed: str) -> str:
    """The filters' query string with other values, ending in ``&``, or empty. Without the page's number."""
    kept = QueryDict(mutable=True)
    for name in ("q", "role", "state"):
        value = changed.get(name, request.GET.get(name, ""))
        if value:
            kept[name] = value
    return f"{kept.urlencode()}&" if kept else ""


def _chips(
    request: TenantRequest, name: str, choices: list[tuple[str, str]], counts: Any
) -> list[dict[str, Any]]:
    """One chip for everything and one for each choice that somebody has."""
    chosen = request.GET.get(name, "")
    return [
        {
            "text": label,
            "href": f"?{_query(request, **{name: value})}".rstrip("?&") or "?",
            "count": counts.get(value) if value else None,
            "current": value == chosen,
        }
        for value, label in [("", "All"), *choices]
        if not value or counts.get(value) or value == chosen
    ]
