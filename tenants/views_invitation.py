"""The page behind an invitation's link: the person chooses a password and is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordResetConfirmView
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse_lazy
from django.views.decorators.http import require_http_methods

from tenants.models import User
from tenants.operations.invitations import LinkUsed, accept_invitation, invitation_tokens

_INVALID = 422
_GONE = 410


if TYPE_CHECKING:
    # As the view that is extended here has it.
    _SetPasswordForm = SetPasswordForm[AbstractBaseUser]
else:
    _SetPasswordForm = SetPasswordForm


class ChoosePasswordForm(_SetPasswordForm):
    """The password twice."""

    error_messages = {"password_mismatch": "The two passwords differ. Type the same one twice."}

    def clean(self) -> dict[str, Any]:
        """What is wrong with the password is said where it is typed first."""
        self.validate_passwords("new_password1", "new_password2")
        self.validate_password_for_user(self.user, "new_password1")
        return self.cleaned_data


class InvitationView(PasswordResetConfirmView):
    """Django's page for a signed link, whose token moves to the session before anything is shown.

    So no Referer and no history of a shared computer has it. A link that is used, too old, cut short or made
    up gets one and the same answer, 410, which tells nobody who exists.
    """

    template_name = "tenants/invitation.html"
    token_generator = invitation_tokens
    reset_url_token = "password"  # noqa: S105 - stands in the address in place of the token
    form_class = ChoosePasswordForm
    success_url = reverse_lazy("work")

    def form_valid(self, form: _SetPasswordForm) -> HttpResponse:
        person = cast(User, self.user)
        try:
            accept_invitation(person, form.cleaned_data["new_password1"])
        except LinkUsed:
            self.validlink = False
            return self.render_to_response(self.get_context_data())
        del self.request.session[INTERNAL_RESET_SESSION_TOKEN]
        login(self.request, person)
        return HttpResponseRedirect(str(self.success_url))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        context["site_name"] = settings.SITE_NAME
        if self.validlink:
            context["person"] = self.user
        return context

    def render_to_response(self, context: dict[str, Any], **response_kwargs: Any) -> HttpResponse:
        if not self.validlink:
            response_kwargs["status"] = _GONE
        elif context["form"].errors:
            response_kwargs["status"] = _INVALID
        return super().render_to_response(context, **response_kwargs)


invitation = require_http_methods(["GET", "HEAD", "POST"])(InvitationView.as_view())
