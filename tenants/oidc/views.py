"""Signing in at the sign-in service, coming back from it, and connecting an account with it."""

from __future__ import annotations

import logging
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView, OIDCAuthenticationRequestView

from tenants.access import own_page
from tenants.models import User
from tenants.oidc import session
from tenants.oidc.actions import SignInRefused, connect, disconnect, note_renewal_refused, person_of
from tenants.oidc.backend import CodeRefused, OpenIDBackend, Proof
from tenants.oidc.flow import Begun, Purpose, begin, is_own, take
from tenants.oidc.http import ProviderSilent
from tenants.oidc.id_tokens import TokenRefused
from tenants.oidc.matching import Reason
from tenants.oidc.pages import again_page, refused_page, silent_page
from tenants.sign_in.actions import sign_in
from tenants.sign_in.handler import knows_password

logger = logging.getLogger(__name__)

_INVALID = 422
# A renewal without a question to the person ends with one of these when the service would have to ask.
_SIGNED_OUT_THERE = frozenset(
    {"login_required", "interaction_required", "consent_required", "account_selection_required"}
)


class SignInView(OIDCAuthenticationRequestView):
    """To the service. ``next`` is followed afterwards, on this site only."""

    def __init__(self, **options: object) -> None:
        """The library's own reads settings that may have to be discovered first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        next_url = request.GET.get("next", "")
        if request.user.is_authenticated and not session.is_of_openid(request):
            home = _home(cast(User, request.user))
            return HttpResponseRedirect(next_url if is_own(request, next_url) else home)
        return begin(request, Purpose.SIGN_IN, next_url=next_url)


class CallbackView(OIDCAuthenticationCallbackView):
    """Back from the service, with a code or an error. Nothing is done for a state that is not known here."""

    def get(self, request: HttpRequest) -> HttpResponse:
        begun = take(request, request.GET.get("state", ""))
        # RFC 9207: where the service names itself, an answer of another one is no answer.
        if begun is None or request.GET.get("iss", settings.OIDC_ISSUER) != settings.OIDC_ISSUER:
            return again_page(request)
        if "error" in request.GET:
            return _not_signed_in(request, begun, request.GET["error"])
        try:
            proof = OpenIDBackend().prove(
                request,
                code=request.GET.get("code", ""),
                nonce=begun.nonce,
                code_verifier=begun.code_verifier,
            )
            return _FOR[begun.purpose](request, begun, proof)
        except ProviderSilent as error:
            logger.error("Single sign-on: %s", error)
            return _silent(request, begun)
        except (CodeRefused, TokenRefused) as error:
            logger.warning("Single sign-on: %s", error)
            return again_page(request)
        except SignInRefused as refusal:
            return refused_page(request, refusal)


def _sign_in(request: HttpRequest, begun: Begun, proof: Proof) -> HttpResponse:
    person = person_of(proof.claims).person
    _log_in(request, person, proof)
    return HttpResponseRedirect(begun.next or _home(person))


def _renew(request: HttpRequest, begun: Begun, proof: Proof) -> HttpResponse:
    """The same person as before, with what the service says of them now."""
    subject = (proof.claims.issuer, proof.claims.subject)
    if not request.user.is_authenticated:
        return redirect_to_login(begun.next or reverse("work"))
    present = cast(User, request.user)
    if (present.oidc_issuer, present.cognito_id) != subject or str(present.pk) != begun.user_id:
        logout(request)
        raise SignInRefused(Reason.OTHER_PERSON, proof.claims.email)
    try:
        signed_in = person_of(proof.claims)
    except SignInRefused:
        logout(request)
        raise
    if signed_in.sessions_ended:
        _log_in(request, signed_in.person, proof)
    else:
        # The key and the token of forms stay: pages that are open go on working.
        session.note_proof(request, proof.id_token)
    return HttpResponseRedirect(begun.next or _home(signed_in.person))


def _connect(request: HttpRequest, begun: Begun, proof: Proof) -> HttpResponse:
    if not request.user.is_authenticated or str(request.user.pk) != begun.user_id:
        return again_page(request)
    connect(cast(User, request.user), proof.claims)
    messages.success(
        request, f"Your account is connected. From now on you can sign in with {settings.OIDC_NAME}."
    )
    return redirect("openid")


_FOR = {Purpose.SIGN_IN: _sign_in, Purpose.RENEW: _renew, Purpose.CONNECT: _connect}


def _log_in(request: HttpRequest, person: User, proof: Proof) -> None:
    sign_in(request, person, by=session.BY)
    session.note_proof(request, proof.id_token)


def _not_signed_in(request: HttpRequest, begun: Begun, error: str) -> HttpResponse:
    """The service came back without a proof."""
    if begun.purpose is Purpose.RENEW and error in _SIGNED_OUT_THERE:
        if request.user.is_authenticated:
            note_renewal_refused(cast(User, request.user), error)
            logout(request)
        messages.warning(request, f"You are signed out at {settings.OIDC_NAME}. Sign in again to go on.")
        return redirect_to_login(begun.next or reverse("work"))
    if error == "access_denied":
        messages.info(
            request, f"You did not finish signing in with {settings.OIDC_NAME}. Nothing was changed."
        )
        if begun.purpose is Purpose.CONNECT:
            return redirect("openid")
        return redirect_to_login(begun.next) if begun.next else redirect("sign-in")
    # What the service says is for whoever runs this, not for the person; a word of RFC 6749 at most.
    logger.error("Single sign-on: the service answered with the error %.60r.", error)
    return _silent(request, begun)


def _silent(request: HttpRequest, begun: Begun) -> HttpResponse:
    """A renewal can wait: the session stays as good as it was, until it is too old."""
    if begun.purpose is Purpose.RENEW and request.user.is_authenticated and not session.is_too_old(request):
        session.note_try(request)
        return HttpResponseRedirect(begun.next or _home(cast(User, request.user)))
    return silent_page(request)


def _home(person: User) -> str:
    return reverse("admin:index" if person.is_staff else "work")


_begin_sign_in = SignInView.as_view()
_come_back = CallbackView.as_view()


@never_cache
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Begin signing in at the service. 404 where there is none, 503 when it does not answer."""
    _require_enabled()
    try:
        return cast(HttpResponse, _begin_sign_in(request))
    except ProviderSilent as error:
        logger.error("Single sign-on: %s", error)
        return silent_page(request)


@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Come back from the service. 400, 403 and 503 are pages with a way out."""
    _require_enabled()
    return cast(HttpResponse, _come_back(request))


@require_GET
@own_page
def account(request: HttpRequest) -> HttpResponse:
    """Whether the account is connected with the service, and what can be done about it. 1 command."""
    return _account(request)


@require_POST
@own_page
def start_connecting(request: HttpRequest) -> HttpResponse:
    """With the present password: to the service, to connect what the person is there. 422 without."""
    _require_enabled()
    person = cast(User, request.user)
    if person.cognito_id:
        return redirect("openid")
    if not _password_is_right(request, person):
        return _account(request, wrong=True)
    try:
        return begin(request, Purpose.CONNECT, prompt="login")
    except ProviderSilent as error:
        logger.error("Single sign-on: %s", error)
        return silent_page(request)


@require_POST
@own_page
def stop(request: HttpRequest) -> HttpResponse:
    """With the present password: sign in with the service no longer. 422 without."""
    person = cast(User, request.user)
    if not person.cognito_id:
        return redirect("openid")
    if not person.has_usable_password() or not _password_is_right(request, person):
        return _account(request, wrong=True)
    disconnect(person, keep=request.session.session_key or "")
    session.note_password(request)
    messages.success(request, "The connection is ended. Sign in with your e-mail address and password.")
    return redirect("openid")


def _account(request: HttpRequest, *, wrong: bool = False) -> HttpResponse:
    person = cast(User, request.user)
    context = {
        "person": person,
        "enabled": settings.OIDC_ENABLED,
        "provider_name": settings.OIDC_NAME,
        "connected": bool(person.cognito_id),
        "has_password": person.has_usable_password(),
        "wrong": wrong,
    }
    return render(request, "tenants/openid.html", context, status=_INVALID if wrong else 200)


def _password_is_right(request: HttpRequest, person: User) -> bool:
    """As at sign-in, so that guesses count towards the same lock-out."""
    return knows_password(request, person, request.POST.get("password", ""))


def _require_enabled() -> None:
    if not settings.OIDC_ENABLED:
        raise Http404("Single sign-on is not set up here.")
