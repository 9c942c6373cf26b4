"""Where a value is from that a firm sees, in the order of precedence: the later stands above the earlier."""

from __future__ import annotations

from enum import StrEnum


class Origin(StrEnum):
    """``words`` are for pages about banks, ``words_in_format`` for the fields of a format."""

    SHARED = "shared"
    FORMAT = "format"
    FIRM = "firm"
    BRANCH = "branch"

    @property
    def words(self) -> str:
        return _WORDS[self]

    @property
    def words_in_format(self) -> str:
        return "from the shared fields" if self is Origin.SHARED else _WORDS[self]

    @property
    def is_own(self) -> bool:
        """Whether the firm put it there."""
        return self in (Origin.FIRM, Origin.BRANCH)


_WORDS = {
    Origin.SHARED: "from the bank",
    Origin.FORMAT: "from the bank's format",
    Origin.FIRM: "your firm's",
    Origin.BRANCH: "your firm's, for this branch",
}
