"""A person's API tokens, and for managers those of the firm's people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenants.access import TenantRequest, no_organization_page, own_page, read_only_page
from tenants.models import ApiToken, User
from tenants.permissions import Feature, Permission, Scope
from tenants.plans.limits import FeatureNotIncluded, includes
from tenants.questions import Question, question
from tenants.tokens.actions import MOST_TOKENS, TokenMade, TokenNotMade, create_token, revoke_token
from tenants.tokens.forms import TokenForm
from tenants.tokens.personal import KEY

P = ParamSpec("P")
# Of the own ones that are over, and of the firm's that are good, at most so many are shown.
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A token as the list shows it. ``state``: good, expired, revoked; or idle, which opens nothing now."""

    key: str
    name: str
    scopes: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    last_used_from: str
    state: str
    owner: str = ""


def _members_page(
    view: Callable[Concatenate[TenantRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """An own page that only members of a firm have; the rest is told why not."""

    @own_page
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if getattr(request, "organization", None) is None:
            return no_organization_page(request)
        if cast(User, request.user).is_staff:
            raise PermissionDenied("Tokens belong to the firm's people; staff have none.")
        return view(cast(TenantRequest, request), *args, **kwargs)

    return guarded


@require_GET
@_members_page
def tokens(request: TenantRequest) -> HttpResponse:
    """The person's own tokens; a manager sees the good ones of the firm's other people below.

    One command beside the session's; for a manager two.
    """
    now = timezone.now()
    people = _people_of(request)
    listed = list(
        ApiToken.objects.filter(org_id=request.organization.org_id, user_id__in=[*people]).order_by(
            "-created_at"
        )
    )
    own = [one for one in listed if one.user_id == request.user.pk]
    others = [one for one in listed if one.user_id != request.user.pk and one.is_good(now)]
    context = {
        "rows": _rows(own[:MOST_SHOWN], people, now),
        "others": _rows(others[:MOST_SHOWN], people, now),
        "hidden": max(0, len(others) - MOST_SHOWN),
        "manages": request.user.can(Permission.MANAGE_PEOPLE),
        "included": includes(request.organization, Feature.API),
        "read_only": request.read_only,
        "most": MOST_TOKENS,
    }
    return render(request, "tenants/tokens.html", context)


def _people_of(request: TenantRequest) -> Mapping[Any, User]:
    """Whose tokens are shown: everybody's for a manager."""
    if not request.user.can(Permission.MANAGE_PEOPLE):
        return {request.user.pk: request.user}
    return {one.pk: one for one in User.objects.filter(organization=request.organization)}


def _rows(listed: Iterable[ApiToken], people: Mapping[Any, User], now: datetime) -> list[Row]:
    labels = dict(Scope.choices)
    return [
        Row(
            key=one.pk,
            name=one.name,
            scopes=", ".join(str(labels.get(scope, scope)) for scope in sorted(one.scopes, reverse=True)),
            created_at=one.created_at,
            expires_at=one.expires_at,
            last_used_at=one.last_used_at,
            last_used_from=one.last_used_from,
            state=_state(one, people[one.user_id], now),
            owner=people[one.user_id].name,
        )
        for one in listed
    ]


def _state(token: ApiToken, owner: User, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    if not token.is_good(now):
        return "expired"
    return "good" if owner.is_active else "idle"


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("password")
@_members_page
def new_token(request: TenantRequest) -> HttpResponse:
    """Ask for a name, scopes and an expiry; the answer to a good form shows the token, this once."""
    if request.read_only:
        return read_only_page(request)
    if not includes(request.organization, Feature.API):
        return _unsaved(render(request, "tenants/tokens_not_included.html", status=403))
    form = TokenForm(request, request.user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        answer = _made(request, form)
        if answer is not None:
            return _unsaved(answer)
    context = {
        "form": form,
        "key": form["key"].value(),
        "asked": _asked(form),
        "asks_password": "password" in form.fields,
    }
    return _unsaved(render(request, "tenants/tokens_new.html", context, status=422 if form.errors else 200))


def _made(request: TenantRequest, form: TokenForm) -> HttpResponse | None:
    """The page that shows the new token; None when the form must be put right."""
    cleaned = form.cleaned_data
    try:
        token, secret = create_token(
            key=cleaned["key"],
            by=request.user,
            organization=request.organization,
            name=cleaned["name"],
            scopes=cleaned["scopes"],
            days=cleaned["days"],
        )
    except TokenMade as refusal:
        messages.info(request, str(refusal))
        return redirect("tokens")
    except (TokenNotMade, FeatureNotIncluded) as refusal:
        form.add_error(None, str(refusal))
        return None
    context = {
        "token": secret.token,
        "row": _rows([token], {request.user.pk: request.user}, token.created_at)[0],
    }
    return render(request, "tenants/tokens_made.html", context)


def _unsaved(response: HttpResponse) -> HttpResponse:
    """No browser keeps the page, not even for going back."""
    response["Cache-Control"] = "no-store"
    return response


def _asked(form: TokenForm) -> dict[str, Question]:
    chosen = form["scopes"].value() or []
    scopes: Any = form.fields["scopes"]
    return {
        "name": question(form["name"]),
        "scopes": replace(
            question(form["scopes"]),
            type="multiselect",
            choices=[(value, label, value in chosen) for value, label in scopes.choices],
        ),
        "days": question(form["days"]),
    }


@require_POST
@_members_page
def revoke(request: TenantRequest, key: str) -> HttpResponse:
    """Refuse a token at once: the person's own, or as a manager anybody's in the firm."""
    mine = {"org_id": request.organization.org_id, "pk": key}
    if not request.user.can(Permission.MANAGE_PEOPLE):
        mine["user_id"] = request.user.pk
    token = ApiToken.objects.filter(**mine).first() if KEY.fullmatch(key) else None
    if token is None:
        raise Http404("There is no such token.")
    if revoke_token(token, by=request.user):
        messages.success(request, f"“{token.name}” is revoked: it opens nothing from now on.")
    else:
        messages.info(request, f"“{token.name}” was revoked before.")
    return redirect("tokens")
