"""What is wrong with something that was imported, by document and field."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much of what was read is usable."""

    # Taken over as it was; somebody should know.
    NOTE = "note"
    # Taken over changed or without its effect; what was read is kept beside it.
    CHANGED = "changed"
    # Not usable: kept as it was read, nowhere shown.
    KEPT_ASIDE = "kept_aside"
    # The whole document could not be taken over.
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. ``collection`` and ``document`` (its old id) say where, ``field`` is a path within it.

    ``problem`` is a sentence about the value, ``done`` one about what became of it and the way out.
    """

    collection: str
    document: str
    field: str
    problem: str
    done: str
    severity: Severity = Severity.CHANGED

    def as_json(self) -> dict[str, str]:
        return {key: str(value) for key, value in asdict(self).items()}
