"""Reading what people hand over: folders and files of JSON and BSON. One document at a time is in memory.

A JSON file may be one document, a list, or documents one after another (mongoexport's lines); numbers, dates
and ids in Extended JSON are read as what they are. ``.bson`` is what mongodump writes; ``.gz`` of either.
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol, cast

import bson
from bson.errors import BSONError

from reports.legacy.originals import NotReadable, from_text

# MongoDB keeps nothing larger; as Extended JSON it is at most a few times as long.
LARGEST_BSON = 16 * 1024 * 1024
LARGEST_TEXT = 4 * LARGEST_BSON
_PIECE = 1 << 18
_JSON_ENDINGS = (".json", ".jsonl", ".ndjson")
_MARKS = re.compile(r'["{}\[\]]')
_STRING_ENDS = re.compile(r'["\\]')
_IN_UTC = bson.CodecOptions[dict[str, Any]](tz_aware=True, unicode_decode_error_handler="replace")


@dataclass(frozen=True, slots=True)
class Read:
    """One document as it was read, or what was wrong in its place. ``notes`` are told beside a document."""

    database: str
    collection: str
    document: Mapping[str, Any] | None
    problem: str = ""
    notes: tuple[str, ...] = ()
    # What stood there, as far as it can be shown.
    text: str = ""


class Source(Protocol):
    """Somewhere old documents are read from."""

    def documents(self) -> Iterator[Read]:
        """Every document once."""


@dataclass(slots=True)
class FileSource:
    """A file, or a folder of files with folders for databases.

    The database is the name of the folder that a file stands in, where it stands in one below the folder
    that was given, or that is named as ``known`` databases are; else none is known.
    """

    path: Path
    known: frozenset[str] = frozenset()
    # Files that are neither JSON nor BSON, for the report.
    passed_over: list[Path] = field(default_factory=list)

    def documents(self) -> Iterator[Read]:
        for path in self._files():
            yield from self._documents_of(path)

    def _files(self) -> Iterator[Path]:
        if not self.path.is_dir():
            yield self.path
            return
        for path in sorted(self.path.rglob("*")):
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(self.path).parts):
                if ending_of(path):
                    yield path
                elif not path.name.endswith((".metadata.json", ".metadata.json.gz")):
                    self.passed_over.append(path)

    def _documents_of(self, path: Path) -> Iterator[Read]:
        database, collection = self._database(path), collection_of(path)
        read = _from_bson if ending_of(path) == ".bson" else _from_json
        try:
            with _opened(path) as file:
                for one in read(file):
                    yield Read(database, collection, one.document, one.problem, one.notes, one.text)
        except (OSError, EOFError, zlib.error) as error:
            yield Read(database, collection, None, f"{path.name} cannot be read any further: {error}")

    def _database(self, path: Path) -> str:
        parent = path.parent
        below = self.path.is_dir() and parent != self.path
        return parent.name if below or parent.name in self.known else ""


def ending_of(path: Path) -> str:
    """``.json`` or ``.bson`` for what is read; empty for what is not, mongodump's metadata for one."""
    name = path.name.casefold().removesuffix(".gz")
    if name.endswith(".metadata.json"):
        return ""
    if name.endswith(".bson"):
        return ".bson"
    return ".json" if name.endswith(_JSON_ENDINGS) else ""


def collection_of(path: Path) -> str:
    """``reports`` for ``reports.json``, ``fs.files`` for ``fs.files.bson.gz``."""
    name = path.name
    for ending in (".gz", ".bson", *_JSON_ENDINGS):
        name = name[: -len(ending)] if name.casefold().endswith(ending) else name
    return name


def _opened(path: Path) -> IO[bytes]:
    packed = path.name.casefold().endswith(".gz")
    return cast(IO[bytes], gzip.open(path, "rb") if packed else path.open("rb"))


# BSON ---------------------------------------------------------------------------------------------------


def _from_bson(file: IO[bytes]) -> Iterator[Read]:
    while head := file.read(4):
        size = int.from_bytes(head, "little") if len(head) == 4 else 0
        if not 5 <= size <= LARGEST_BSON + 16 * 1024:
            yield Read("", "", None, "What follows is not BSON; the rest of the file was not read.")
            return
        body = file.read(size - 4)
        if len(body) != size - 4:
            yield Read("", "", None, "The file ends in the middle of a document; that one was not read.")
            return
        yield _decoded(head + body)


def _decoded(document: bytes) -> Read:
    try:
        found = bson.decode(document, codec_options=_IN_UTC)
    except (BSONError, ValueError, OverflowError, RecursionError) as error:
        return Read("", "", None, f"The document is damaged: {error}", text=repr(document[:200]))
    return _checked(found)


def _checked(found: Any, notes: tuple[str, ...] = (), text: str = "") -> Read:
    if not isinstance(found, Mapping):
        return Read("", "", None, "There is a value where a document should stand.", text=text[:2000])
    return Read("", "", found, notes=notes)


# JSON ---------------------------------------------------------------------------------------------------


def _from_json(file: IO[bytes]) -> Iterator[Read]:
    for text in json_values(file):
        if text is None:
            yield Read("", "", None, "A document is longer than any that MongoDB keeps; it was not read.")
            continue
        notes: list[str] = []
        try:
            found = from_text(text, notes=notes)
        except NotReadable as error:
            yield Read("", "", None, str(error), text=text[:2000])
            continue
        yield _checked(found, tuple(notes), text)


def json_values(file: IO[bytes]) -> Iterator[str | None]:
    """The texts of the values in a file: of its one list, or one after another. None for one too long.

    Text that is no value at all is given as it is, for the parser to refuse.
    """
    scanner = _Scanner()
    decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
    while piece := file.read(_PIECE):
        yield from scanner.take(decoder.decode(piece))
    yield from scanner.take(decoder.decode(b"", final=True))
    yield from scanner.finish()


@dataclass(slots=True)
class _Scanner:
    """Finds where values end, by brackets outside of strings."""

    depth: int = 0
    in_string: bool = False
    escaped: bool = False
    # Whether the file is one list, whose members are the values.
    in_list: bool = False
    begun: bool = False
    size: int = 0
    parts: list[str] = field(default_factory=list)

    def take(self, text: str) -> Iterator[str | None]:
        at = 0
        if not self.begun:
            stripped = text.lstrip()
            if not stripped:
                return
            self.begun = True
            if stripped[0] == "[":
                self.in_list = True
                text = stripped[1:]
        while at < len(text):
            at = yield from self._step(text, at)

    def _step(self, text: str, at: int) -> Any:
        if self.escaped:
            self.escaped = False
            self._keep(text[at])
            return at + 1
        found = (_STRING_ENDS if self.in_string else _MARKS).search(text, at)
        if found is None:
            self._keep(text[at:])
            return len(text)
        end, mark = found.end(), found[0]
        if self.in_string:
            self._keep(text[at:end])
            self.escaped, self.in_string = mark == "\\", mark != '"'
            return end
        if mark == '"':
            self._keep(text[at:end])
            self.in_string = True
            return end
        if mark in "{[":
            if self.depth == 0:
                yield from self._between(text[at : end - 1])
                at = end - 1
            self.depth += 1
            self._keep(text[at:end])
            return end
        yield from self._closed(text[at:end])
        return end

    def _closed(self, text: str) -> Iterator[str | None]:
        if self.depth == 0:
            # The end of the list, or one bracket too many; what stands before it is a value of its own.
            yield from self._between(text[:-1])
            return
        self._keep(text)
        self.depth -= 1
        if self.depth == 0:
            yield self._given()

    def _between(self, text: str) -> Iterator[str | None]:
        """What stands between two documents: commas and spaces, or something that is no document."""
        self._keep(text)
        told = self._given()
        told = told.strip(", \t\r\n\x1e") if told is not None else None
        if told is None or told:
            yield told

    def finish(self) -> Iterator[str | None]:
        if self.depth:
            self.depth = 0
            yield self._given()
        else:
            yield from self._between("")

    def _keep(self, text: str) -> None:
        self.size += len(text)
        if self.size <= LARGEST_TEXT:
            self.parts.append(text)
        else:
            self.parts.clear()

    def _given(self) -> str | None:
        text = "".join(self.parts) if self.size <= LARGEST_TEXT else None
        self.parts, self.size = [], 0
        return text
