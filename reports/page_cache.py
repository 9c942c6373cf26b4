"""Pictures of documents' pages, kept for a while in this process so that a preview is laid out once.

Bounded by documents and by bytes, least recently used first out. A key holds the organization and a digest of
all that the document says, so a changed report is another document and a firm never meets another's pages.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

MOST_DOCUMENTS = 24
MOST_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class PageKey:
    """Whose document, and which state of it."""

    org_id: str
    report_id: str
    digest: str


def digest_of(document: Mapping[str, Any], images: Iterable[str]) -> str:
    """24 hexadecimal digits that change with the document's data or images (which have unique keys)."""
    said = json.dumps([document, sorted(images)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()[:24]


class PageCache:
    """Safe to share between threads; each document is laid out once, whoever asks for it meanwhile waits."""

    def __init__(self, *, documents: int = MOST_DOCUMENTS, size: int = MOST_BYTES) -> None:
        self._most_documents = documents
        self._most_bytes = size
        self._kept: OrderedDict[PageKey, tuple[bytes, ...]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()
        self._making: dict[PageKey, Lock] = {}

    def get(self, key: PageKey) -> tuple[bytes, ...] | None:
        """The pages if they are kept, and used from now on most recently."""
        with self._lock:
            pages = self._kept.get(key)
            if pages is not None:
                self._kept.move_to_end(key)
            return pages

    def get_or_make(self, key: PageKey, make: Callable[[], list[bytes]]) -> tuple[bytes, ...]:
        """The kept pages, or those that ``make`` returns. What it raises is raised, and nothing kept."""
        with self._lock:
            making = self._making.setdefault(key, Lock())
        with making:
            try:
                pages = self.get(key)
                if pages is None:
                    pages = tuple(make())
                    self._keep(key, pages)
                return pages
            finally:
                with self._lock:
                    self._making.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _keep(self, key: PageKey, pages: tuple[bytes, ...]) -> None:
        with self._lock:
            self._bytes += _size(pages) - _size(self._kept.pop(key, ()))
            self._kept[key] = pages
            # The newest stays, however large: it is being looked at.
            while len(self._kept) > 1 and (
                len(self._kept) > self._most_documents or self._bytes > self._most_bytes
            ):
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= _size(dropped)


def _size(pages: tuple[bytes, ...]) -> int:
    return sum(len(page) for page in pages)


page_cache = PageCache()
