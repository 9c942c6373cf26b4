"""What every step of an import has in common: its options, the notebook, and what is known so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from banks.legacy.faults import Fault, Severity
from reports.legacy.notebook import Notebook, Outcome, Row
from reports.legacy.originals import own_id
from tenants.models import Organization

# Documents that are stored in one transaction, and how many characters of old text at most.
BATCH, BATCH_TEXT = 100, 4_000_000
# Objects of one firm; two short texts of each are held.
_MOST = 10_000_000


@dataclass(frozen=True, slots=True)
class Options:
    """How an import is asked for.

    ``organizations``: old id → org_id, an empty old id stands for documents that name none.
    ``completions``: old template id → {path: formula}, what staff made of the suggestions.
    """

    dry_run: bool = False
    update: bool = False
    create_organizations: bool = False
    organizations: Mapping[str, str] = field(default_factory=dict)
    completions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class Import:
    """One run. ``places``: old id of an organization → ours, or None while it is not made (dry run)."""

    book: Notebook
    options: Options
    say: Callable[[str], None] = lambda _: None
    places: dict[str, Organization | None] = field(default_factory=dict)
    suggestions: dict[str, dict[str, Any]] = field(default_factory=dict)
    # "bank/property type" → schemes that are taken, by formats that this run made or would make too.
    schemes: dict[str, set[str]] = field(default_factory=dict)
    # People who would be brought over: what a dry run knows of them. By old organization.
    planned: dict[str, list[Any]] = field(default_factory=dict)
    # E-mail addresses of those that this run took in.
    addresses: set[str] = field(default_factory=set)

    @property
    def dry_run(self) -> bool:
        return self.options.dry_run

    def met(
        self, row: Row, legacy: Mapping[str, Any] | None, *, what: str, untouched: bool
    ) -> Outcome | None:
        """What becomes of a document whose object of ours is there already; None: it is taken over anew.

        ``untouched``: nobody changed ours since it was imported.
        """
        if legacy is None:
            self.book.tell(
                row.fault(
                    "_id",
                    f"{what} is here already and was not imported.",
                    "Ours stays as it is; the old document is not taken over.",
                    Severity.CHANGED,
                )
            )
            return Outcome.LEFT
        if legacy.get("hash") == row.hash:
            return Outcome.UNCHANGED
        if self.options.update and untouched:
            return None
        why = "and ours was changed too" if not untouched else "run again with --update to take it over"
        self.book.tell(
            row.fault(
                "", f"It has changed in the source since {what[0].lower()}{what[1:]} was imported.",
                f"Ours stays as it is: {why}.", Severity.CHANGED,
            )
        )  # fmt: skip
        return Outcome.LEFT


def id_of(row: Row) -> Any:
    """Our id for what the document becomes."""
    kind = f"{row.kind}/{row.collection}" if row.kind.value == "log" else row.kind.value
    return own_id(kind, row.id)


def at(row: Row, faults: list[Fault]) -> list[Fault]:
    """Faults of a converter that knows neither collection nor old id."""
    return [row.fault(one.field, one.problem, one.done, one.severity) for one in faults]


def batches(rows: Any) -> Any:
    """Lists of rows that fit into one transaction."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        if batch and (len(batch) >= BATCH or size + len(row.text) > BATCH_TEXT):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += len(row.text)
    if batch:
        yield batch


def earlier(model: Any) -> dict[str, str]:
    """Our ids of what was imported into the active organization before, by the old ids. One command."""
    names = ["legacy.id", "legacy.report_id"]
    found = model.objects.documents(
        {"legacy.document": {"$exists": True}}, names, order=(), start=0, stop=_MOST
    )
    return {str(old): str(one["_id"]) for one in found for old in (one.get("legacy") or {}).values() if old}
