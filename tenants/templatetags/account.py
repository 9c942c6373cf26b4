"""The way from one page of the person's own account to the others."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.urls import reverse

from tenants.models import User

register = template.Library()

# Text, page, and the further pages that show it again when something was wrong.
_OF_EVERYBODY = (
    ("Account", "account", ("email-change",)),
    ("Password", "password-change", ()),
    ("Sessions", "sessions", ()),
)
_SINGLE_SIGN_ON = ("Single sign-on", "openid", ("openid-connect", "openid-disconnect"))
# For who works in a firm; the signature block stands first, for it is what reports print.
_OF_MEMBERS = (("Profile", "profile", ("signature",)), ("Settings", "settings", ()))
_TOKENS = ("API tokens", "tokens", ("token-new",))


@register.inclusion_tag("tenants/account_nav.html", takes_context=True)
def account_nav(context: dict[str, Any]) -> dict[str, Any]:
    """``{% account_nav %}``: the person's own pages, as (text, address, whether it is this one)."""
    request = context["request"]
    person: User = request.user
    member = not person.is_staff and getattr(request, "organization", None) is not None
    offered = [*_OF_MEMBERS, *_OF_EVERYBODY] if member else [*_OF_EVERYBODY]
    if getattr(settings, "OIDC_ENABLED", False) or person.cognito_id:
        offered.append(_SINGLE_SIGN_ON)
    if member:
        offered.append(_TOKENS)
    here = request.resolver_match.view_name if request.resolver_match else ""
    return {
        "links": [(text, reverse(page), here in (page, *others)) for text, page, others in offered],
    }
