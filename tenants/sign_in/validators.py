"""What a new password must not be made of, besides what Django refuses."""

from __future__ import annotations

import re

from django.conf import settings
from django.core.exceptions import ValidationError

from tenants.models import User

# What somebody who guesses at a system like this one tries first.
_WORDS = frozenset({"valuation", "valuations", "valuer", "valuers", "property", "report", "reports", "bank"})
# Shorter ones are found within anything.
_SHORTEST_WORD = 3
# So many characters must be left when the words are taken out.
_LEFT = 6


class ContextWordsValidator:
    """Refuses a password that is little more than the firm's name, the site's, or words of the trade."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raises ValidationError."""
        rest = password.casefold()
        for word in sorted(self._words(user), key=len, reverse=True):
            rest = rest.replace(word, "")
        if len(rest) < len(password) and len(re.sub(r"[\W\d_]", "", rest)) < _LEFT:
            raise ValidationError(
                "This password is little more than your firm's name or words that everybody here uses.",
                code="password_of_context_words",
            )

    def get_help_text(self) -> str:
        return "Your password can’t be made of your firm's name or of words that everybody here uses."

    def _words(self, user: User | None) -> set[str]:
        organization = getattr(user, "organization", None)
        names = [settings.SITE_NAME]
        if organization is not None:
            names += [organization.name, organization.initials, organization.org_id]
        found = {word for name in names for word in re.split(r"[\W_]+", name.casefold())}
        return {word for word in found | _WORDS if len(word) >= _SHORTEST_WORD}
