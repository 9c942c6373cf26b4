"""Everything that was read, in a temporary SQLite file: the old databases are read once, within bounds.

It also holds what became of each document and every fault, so that the end can say for each collection what
was read and where it went. It is removed with its folder, which only this user may open.
"""

from __future__ import annotations

import sqlite3
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from banks.legacy.faults import Fault, Severity
from reports.legacy.originals import (
    DEEPEST,
    NotReadable,
    canonical,
    depth_of,
    from_text,
    hash_of,
    id_text,
    without_secrets,
)
from reports.legacy.recognising import Kind, kind_of, organization_of
from reports.legacy.sources import Read
from reports.legacy.values import moment_of

_PAGE = 100
_SCHEMA = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
CREATE TABLE documents (
    seq INTEGER PRIMARY KEY, kind TEXT, organization TEXT, database TEXT, collection TEXT, old_id TEXT,
    shown_id TEXT, hash TEXT, body BLOB, outcome TEXT DEFAULT '', made TEXT DEFAULT '', ordered BLOB);
CREATE INDEX by_kind ON documents (kind, organization, seq);
CREATE INDEX by_id ON documents (kind, old_id);
CREATE INDEX by_shown ON documents (kind, shown_id);
CREATE TABLE chunks (
    files_id TEXT, n INTEGER, data BLOB, database TEXT, collection TEXT, PRIMARY KEY (files_id, n));
CREATE TABLE faults (
    seq INTEGER PRIMARY KEY, collection TEXT, document TEXT, field TEXT, problem TEXT, done TEXT,
    severity TEXT);
CREATE INDEX fault_of ON faults (collection, document);
"""


class Outcome(StrEnum):
    """What became of a document."""

    ADDED = "added"
    # Taken over anew, because the source has changed since and nobody changed ours.
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    # Read before with the same content: once is enough.
    REPEATED = "repeated"
    # There already, made here or changed since: left as it is here.
    LEFT = "left"
    REFUSED = "refused"
    # No kind that is brought over.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Row:
    """A document that was read. ``text`` is its canonical text, without secrets.

    ``ordered`` is the same with its keys as they stood, of kinds in which their order says something.
    """

    seq: int
    kind: Kind
    organization: str
    database: str
    collection: str
    old_id: str
    shown_id: str
    hash: str
    text: str
    outcome: str
    made: str
    ordered: str = ""

    @property
    def document(self) -> dict[str, Any]:
        found = from_text(self.ordered or self.text)
        return found if isinstance(found, dict) else {}

    @property
    def id(self) -> Any:
        """The old id as the value it is."""
        return from_text(self.old_id)

    def fault(self, field: str, problem: str, done: str, severity: Severity) -> Fault:
        return Fault(self.collection, self.shown_id, field, problem, done, severity)


class Notebook:
    """``with Notebook() as book``; not shared between threads."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="import-")
        self._base = sqlite3.connect(Path(self._folder.name) / "read.sqlite3", isolation_level=None)
        self._base.executescript(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._base.close()
        self._folder.cleanup()

    # Taking in -------------------------------------------------------------------------------------------

    def take(self, read: Read) -> None:
        """Keep one document and say what is wrong with it as such. Never raises for what it holds."""
        if read.document is None:
            self._refuse_unread(read, read.problem)
            return
        try:
            if depth_of(read.document) >= DEEPEST:
                raise NotReadable("It is nested too deeply to be read.")
            self._take(read, read.document)
        except NotReadable as error:
            self._refuse_unread(read, str(error))

    def _take(self, read: Read, found: Mapping[str, Any]) -> None:
        kind = kind_of(read.collection, found)
        if kind is Kind.STORE_CHUNK:
            self._take_chunk(read, found)
            return
        document, secrets = without_secrets(found)
        text = canonical(document)
        digest = hash_of(text)
        old = _id_of(document)
        old_id = canonical(old if old is not None else f"sha256:{digest}")
        shown = id_text(old) if old is not None else f"without an id ({digest[:12]})"
        for where in secrets:
            self.tell(
                Fault(
                    read.collection,
                    shown,
                    where,
                    "This opens something.",
                    "It is not brought over and kept nowhere. People choose a password anew.",
                    Severity.NOTE,
                )
            )
        for note in read.notes:
            self.tell(Fault(read.collection, shown, "", note, "Both values are kept.", Severity.NOTE))
        seq = self._insert(kind, organization_of(kind, document), read, old_id, shown, digest, text)
        if kind in _IN_ORDER and (ordered := canonical(document, sort=False)) != text:
            body = zlib.compress(ordered.encode(), 1)
            self._base.execute("UPDATE documents SET ordered = ? WHERE seq = ?", (body, seq))
        if kind is Kind.UNKNOWN:
            self.decide(seq, Outcome.UNKNOWN)
        else:
            self._look_for_another(seq, kind, read, old_id, shown, digest)

    def _take_chunk(self, read: Read, found: Mapping[str, Any]) -> None:
        number, data = found.get("n"), found.get("data")
        if isinstance(number, int) and isinstance(data, bytes):
            self._base.execute(
                "INSERT OR IGNORE INTO chunks VALUES (?, ?, ?, ?, ?)",
                (
                    canonical(found["files_id"]),
                    int(number),
                    bytes(data),
                    _utf8(read.database),
                    _utf8(read.collection),
                ),
            )
        else:
            self._refuse_unread(read, "A piece of a file has no number or no bytes.")

    def _insert(
        self, kind: Kind, organization: str, read: Read, old_id: str, shown: str, digest: str, text: str
    ) -> int:
        done = self._base.execute(
            "INSERT INTO documents (kind, organization, database, collection, old_id, shown_id, hash, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                kind.value,
                _utf8(organization),
                _utf8(read.database),
                _utf8(read.collection),
                old_id,
                _utf8(shown),
                digest,
                zlib.compress(text.encode(), 1),
            ),
        )
        return int(done.lastrowid or 0)

    def _look_for_another(
        self, seq: int, kind: Kind, read: Read, old_id: str, shown: str, digest: str
    ) -> None:
        own_place = " AND collection = ?" if kind is Kind.LOG else ""
        values: list[Any] = [kind.value, old_id, seq, *([read.collection] if own_place else [])]
        wanted = f"kind = ? AND old_id = ? AND seq != ? AND outcome = ''{own_place}"
        standing = next(self._pages(wanted, values), None)
        if standing is None:
            return
        where = ".".join(filter(None, (standing.database, standing.collection)))
        if standing.hash == digest:
            self.decide(seq, Outcome.REPEATED)
            self.tell(
                Fault(
                    read.collection, shown, "_id", f"The same document stands in {where}.",
                    "It is brought over once.", Severity.NOTE,
                )
            )  # fmt: skip
            return
        kept, refused = "The first one", seq
        collection = read.collection
        if _is_later(read.document or {}, standing.document):
            # The former system was moved from one database to another: what stayed behind is older.
            kept, refused, collection = "The one that was changed later", standing.seq, standing.collection
            where = ".".join(filter(None, (read.database, read.collection)))
        self.decide(refused, Outcome.REFUSED)
        self.tell(
            Fault(
                collection, shown, "_id",
                f"Another document with this id, and other content, stands in {where}.",
                f"{kept} is brought over, this one is not. Give one of them another _id.", Severity.REFUSED,
            )
        )  # fmt: skip

    def _refuse_unread(self, read: Read, problem: str) -> None:
        text = canonical(_utf8(read.text))
        shown = f"document {self.count() + 1} of what was read"
        seq = self._insert(Kind.UNKNOWN, "", read, canonical(shown), shown, hash_of(text), text)
        self.decide(seq, Outcome.REFUSED)
        self.tell(
            Fault(
                read.collection, shown, "", problem, "It is not brought over. Mend the source and run again.",
                Severity.REFUSED,
            )
        )  # fmt: skip

    # What became of it -----------------------------------------------------------------------------------

    def decide(self, seq: int, outcome: Outcome, made: str = "") -> None:
        """Say what became of a document, and the id of ours that it became."""
        self._base.execute("UPDATE documents SET outcome = ?, made = ? WHERE seq = ?", (outcome, made, seq))

    def tell(self, fault: Fault) -> None:
        self._base.execute(
            "INSERT INTO faults (collection, document, field, problem, done, severity) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [_utf8(value) for value in asdict(fault).values()],
        )

    def tell_all(self, faults: Iterator[Fault] | list[Fault] | tuple[Fault, ...]) -> None:
        for fault in faults:
            self.tell(fault)

    def refuse(self, row: Row, field: str, problem: str, done: str) -> None:
        """A whole document that is not taken over."""
        self.tell(row.fault(field, problem, done, Severity.REFUSED))
        self.decide(row.seq, Outcome.REFUSED)

    def refuse_organization(self, organization: str) -> int:
        """Whatever belongs to an organization and is undecided; how many documents that is."""
        done = self._base.execute(
            "UPDATE documents SET outcome = ? "
            "WHERE organization = ? AND outcome = '' AND kind IN (?, ?, ?, ?)",
            (Outcome.REFUSED, organization, Kind.PERSON, Kind.REPORT, Kind.LOG, Kind.FILE),
        )
        return done.rowcount

    # Asking ----------------------------------------------------------------------------------------------

    def count(self) -> int:
        return int(self._base.execute("SELECT COUNT(*) FROM documents").fetchone()[0])

    def rows(self, kind: Kind, organization: str | None = None, *, outcome: str | None = "") -> Iterator[Row]:
        """Documents of a kind in the order they were read; those nothing became of yet, or of any outcome."""
        wanted, values = "kind = ?", [kind.value]
        if organization is not None:
            wanted, values = f"{wanted} AND organization = ?", [*values, organization]
        if outcome is not None:
            wanted, values = f"{wanted} AND outcome = ?", [*values, outcome]
        yield from self._pages(wanted, values)

    def with_outcome(self, *outcomes: Outcome) -> Iterator[Row]:
        yield from self._pages(
            f"outcome IN ({', '.join('?' * len(outcomes))})", [one.value for one in outcomes]
        )

    def _pages(self, wanted: str, values: list[Any]) -> Iterator[Row]:
        after = 0
        while True:
            page = self._base.execute(
                "SELECT seq, kind, organization, database, collection, old_id, shown_id, hash, body, "  # noqa: S608
                f"outcome, made, ordered FROM documents WHERE {wanted} AND seq > ? "
                f"ORDER BY seq LIMIT {_PAGE}",
                [*values, after],
            ).fetchall()
            for seq, kind, org, database, collection, old, shown, digest, body, outcome, made, own in page:
                text = zlib.decompress(body).decode()
                ordered = zlib.decompress(own).decode() if own is not None else ""
                yield Row(
                    seq, Kind(kind), org, database, collection, old, shown, digest, text, outcome, made,
                    ordered,
                )  # fmt: skip
                after = seq
            if len(page) < _PAGE:
                return

    def organizations(self) -> list[str]:
        """The old ids of all organizations that any document names."""
        found = self._base.execute(
            "SELECT DISTINCT organization FROM documents WHERE organization != '' ORDER BY organization"
        )
        return [one for (one,) in found]

    def collections(self) -> list[tuple[str, str, str, str, int]]:
        """``(database, collection, kind, outcome, how many)`` for all that was read."""
        return list(
            self._base.execute(
                "SELECT database, collection, kind, outcome, COUNT(*) FROM documents "
                "GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
            )
        )

    def pieces(self, files_id: Any) -> Iterator[tuple[int, bytes]]:
        """The chunks of a stored file in their order."""
        yield from self._base.execute(
            "SELECT n, data FROM chunks WHERE files_id = ? ORDER BY n", (canonical(files_id),)
        )

    def has_pieces(self, files_id: Any) -> bool:
        found = self._base.execute("SELECT 1 FROM chunks WHERE files_id = ? LIMIT 1", (canonical(files_id),))
        return found.fetchone() is not None

    def settle_orphans(self) -> None:
        """Pieces of files that no GridFS record names: told, counted, and refused as one for each file."""
        orphans = self._base.execute(
            "SELECT files_id, database, collection, COUNT(*), SUM(LENGTH(data)) FROM chunks WHERE files_id "
            "NOT IN (SELECT old_id FROM documents WHERE kind = ?) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            [Kind.STORE_FILE.value],
        ).fetchall()
        for files_id, database, collection, pieces, size in orphans:
            read = Read(database, collection, None)
            text = canonical({"files_id": from_text(files_id), "pieces": pieces, "bytes": size})
            shown = id_text(from_text(files_id))
            seq = self._insert(Kind.STORE_CHUNK, "", read, files_id, shown, hash_of(text), text)
            self.decide(seq, Outcome.REFUSED)
            self.tell(
                Fault(
                    collection, shown, "files_id",
                    f"{size:,} bytes (pieces: {pieces}) belong to a file that has no record in fs.files.",
                    "They are not brought over. Export the record too and run again.", Severity.REFUSED,
                )
            )  # fmt: skip

    def store_file(self, names: set[str]) -> Row | None:
        """The first GridFS file with one of these ids."""
        for name in sorted(names):
            for row in self._pages("kind = ? AND shown_id = ?", [Kind.STORE_FILE.value, name]):
                return row
        return None

    def faults(self) -> Iterator[Fault]:
        """All faults, grouped by collection and document."""
        after: tuple[Any, ...] = ("", "", 0)
        while True:
            page = self._base.execute(
                "SELECT collection, document, seq, field, problem, done, severity FROM faults "  # noqa: S608
                f"WHERE (collection, document, seq) > (?, ?, ?) ORDER BY 1, 2, 3 LIMIT {_PAGE}",
                after,
            ).fetchall()
            for collection, document, seq, field, problem, done, severity in page:
                yield Fault(collection, document, field, problem, done, Severity(severity))
                after = (collection, document, seq)
            if len(page) < _PAGE:
                return

    def severities(self) -> dict[str, int]:
        """How many faults of each severity."""
        found = dict(self._base.execute("SELECT severity, COUNT(*) FROM faults GROUP BY 1"))
        return {one.value: int(found.get(one.value, 0)) for one in Severity}


# Options and fields may stand under keys there, in an order that people see.
_IN_ORDER = (Kind.COMMON_FIELDS, Kind.FORMAT)
_CHANGED = ("updated_at", "updatedAt", "modified_at", "modifiedAt")
_IDS = ("_id", "report_id", "user_id", "file_id", "log_id", "id")


def _is_later(document: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both say when they were changed, and the first was changed after the other."""
    mine, theirs = (
        next((at for key in _CHANGED if (at := moment_of(one.get(key))) is not None), None)
        for one in (document, other)
    )
    return mine is not None and theirs is not None and mine > theirs


def _id_of(document: Mapping[str, Any]) -> Any:
    return next((document[key] for key in _IDS if document.get(key) not in (None, "")), None)


def _utf8(text: object) -> str:
    return str(text).encode("utf-8", "replace").decode()
