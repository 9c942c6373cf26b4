"""The expected failures of changing what a firm lays over a bank; each text is for the person who asked."""

from __future__ import annotations

from banks.models import BankOverride
from tenants.errors import TenancyError


class OverrideRefused(TenancyError):
    """Base of every refusal: nothing was changed."""


class OverrideProblem(OverrideRefused):
    """Values that cannot be taken. ``problems``: (key of a place or name of a field, sentence)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        super().__init__(" ".join(f"{key}: {sentence}" for key, sentence in problems))


class StaleOverride(OverrideRefused):
    """Somebody changed the firm's values of the bank since the form was made; ``theirs`` are those now."""

    def __init__(self, theirs: BankOverride) -> None:
        super().__init__(
            f"{theirs.updated_by_name or 'Somebody'} changed your firm's values of this bank while you were "
            "writing. Look at them, then save again."
        )
        self.theirs = theirs


class BankUnknown(OverrideRefused):
    """There is no shared bank of that code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"There is no bank {code}; choose one of the list.")


class BranchUnknown(OverrideRefused):
    """The bank has no branch of that code, shared or the firm's own."""

    def __init__(self, bank_code: str, code: str) -> None:
        super().__init__(f"{bank_code} has no branch {code}; choose one of the list.")


class FormatUnknown(OverrideRefused):
    """No version of that format is in force."""

    def __init__(self, bank_code: str, name: str) -> None:
        super().__init__(f"{bank_code} has no format {name} in force; choose one of the list.")
