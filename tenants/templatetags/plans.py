"""What templates say of a firm's plan."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.utils import numberformat, timezone

from tenants.models import Organization
from tenants.permissions import Permission
from tenants.plans.notices import Notice, notice_of

register = template.Library()


@register.simple_tag(takes_context=True)
def subscription_notice(context: dict[str, Any]) -> Notice | None:
    """``{% subscription_notice as notice %}``: what must be known of the subscription. No command."""
    organization = getattr(context.get("request"), "organization", None)
    # Most firms, most of the time.
    if not isinstance(organization, Organization) or not organization.plan:
        return None
    manages = Permission.VIEW_USAGE in (context.get("may") or ())
    return notice_of(organization, manages=manages, today=timezone.localdate())


@register.filter
def in_groups(value: object) -> str:
    """A whole number with Indian grouping: 5,00,000. Empty for what is no number."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return ""
    return str(
        numberformat.format(
            number, ".", decimal_pos=0, grouping=(3, 2, 0), thousand_sep=",", force_grouping=True
        )
    )
