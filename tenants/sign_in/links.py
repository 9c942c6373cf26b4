"""The pages behind signed links, at which somebody chooses a password: an invitation's, a forgotten one's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordResetConfirmView
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse_lazy
from django.views.decorators.http import require_http_methods

from tenants.models import User
from tenants.operations.invitations import LinkUsed, accept_invitation, invitation_tokens
from tenants.sign_in.actions import INVITATION, PasswordNotChanged, reset_password, sign_in
from tenants.sign_in.forms import ChoosePasswordForm
from tenants.sign_in.mail import reset_tokens
from tenants.sign_in.views import page_context

_INVALID = 422
_GONE = 410


if TYPE_CHECKING:
    # As the view that is extended here has it.
    _SetPasswordForm = SetPasswordForm[AbstractBaseUser]
else:
    _SetPasswordForm = SetPasswordForm


class PasswordLinkView(PasswordResetConfirmView):
    """Django's page for a signed link, whose token moves to the session before anything is shown.

    So no Referer and no history of a shared computer has it. A link that is used, too old, cut short or made
    up gets one and the same answer, 410, which tells nobody who exists.
    """

    reset_url_token = "password"  # noqa: S105 - stands in the address in place of the token
    form_class = ChoosePasswordForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = {**super().get_context_data(**kwargs), **page_context()}
        if self.validlink:
            context["person"] = self.user
        return context

    def render_to_response(self, context: dict[str, Any], **response_kwargs: Any) -> HttpResponse:
        if not self.validlink:
            response_kwargs["status"] = _GONE
        elif context["form"].errors:
            response_kwargs["status"] = _INVALID
        return super().render_to_response(context, **response_kwargs)

    def dead_link(self) -> HttpResponse:
        """The answer to a link that died between the page and its form."""
        self.validlink = False
        return self.render_to_response(self.get_context_data())


class InvitationView(PasswordLinkView):
    """The first password; the person is signed in with it."""

    template_name = "tenants/invitation.html"
    token_generator = invitation_tokens
    success_url = reverse_lazy("work")

    def form_valid(self, form: _SetPasswordForm) -> HttpResponse:
        person = cast(User, self.user)
        try:
            accept_invitation(person, form.cleaned_data["new_password1"])
        except LinkUsed:
            return self.dead_link()
        del self.request.session[INTERNAL_RESET_SESSION_TOKEN]
        sign_in(self.request, person, by=INVITATION)
        return HttpResponseRedirect(str(self.success_url))


class ForgottenPasswordView(PasswordLinkView):
    """Another password. The person signs in with it afterwards: a mail alone does not let anybody in."""

    template_name = "registration/password_link.html"
    token_generator = reset_tokens
    success_url = reverse_lazy("sign-in")

    def form_valid(self, form: _SetPasswordForm) -> HttpResponse:
        try:
            reset_password(cast(User, self.user), form.cleaned_data["new_password1"])
        except PasswordNotChanged:
            return self.dead_link()
        # Whoever is signed in here, the session may have ended just now, and holds the link's token.
        self.request.session.flush()
        messages.success(self.request, "Your password was changed. Sign in with it.")
        return HttpResponseRedirect(str(self.success_url))


_METHODS = ["GET", "HEAD", "POST"]
invitation = require_http_methods(_METHODS)(InvitationView.as_view())
forgotten_password = require_http_methods(_METHODS)(ForgottenPasswordView.as_view())
