"""From a document's data to a PDF/A file or to pictures of its pages.

Laying out runs in a process of its own: it keeps several hundred megabytes of caches, and it must be
possible to stop it. There is one such process for each process of the application, started at the first
document, replaced after ``RECYCLE_AFTER`` documents or when it has grown too large, and killed when a
document takes longer than ``TIMEOUT_SECONDS``. (``ProcessPoolExecutor`` is not used: with
``max_tasks_per_child`` it can stop for ever on Python 3.11, cpython issue 115634, it cannot stop a task, and
it makes an exiting process wait for the task.) Texts travel in a JSON file and never become markup.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import logging
import os
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import Any, Protocol

from reports.documents.glyphs import FONTS, printable_tree

logger = logging.getLogger(__name__)

TEMPLATE = Path(__file__).with_name("typst")
WORKER = Path(__file__).with_name("worker.py")
TIMEOUT_SECONDS = 60.0
RECYCLE_AFTER = 200
RECYCLE_ABOVE_BYTES = 900 * 1024**2
PAGE_WIDTH_INCHES = 210 / 25.4
MAX_WIDTH_PX = 2400
_SIGNATURES = {b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png"}


class RenderingFailed(Exception):
    """The document could not be laid out; the text says why in words that a person may read."""


@dataclass(frozen=True, slots=True)
class RenderedDocument:
    """The exact bytes of a PDF/A-2a file, its number of pages and the SHA-256 of the bytes in hexadecimal.

    ``replaced`` are characters of the report that no font has and that were printed as a replacement sign.
    """

    pdf: bytes
    pages: int
    sha256: str
    replaced: tuple[str, ...] = ()


class Renderer(Protocol):
    """What prints a document of ``content.build_document``; images are JPEG or PNG bytes by key."""

    def render_pdf(self, document: Mapping[str, Any], images: Mapping[str, bytes]) -> RenderedDocument: ...

    def render_pages(
        self, document: Mapping[str, Any], images: Mapping[str, bytes], width_px: int
    ) -> list[bytes]: ...


class TypstRenderer:
    """Prints with typst in a worker process; threads may share it, one document is laid out at a time."""

    def __init__(self, *, timeout: float = TIMEOUT_SECONDS, recycle_after: int = RECYCLE_AFTER) -> None:
        self._timeout = timeout
        self._recycle_after = recycle_after
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._served = 0

    def render_pdf(self, document: Mapping[str, Any], images: Mapping[str, bytes]) -> RenderedDocument:
        """The PDF/A-2a of the document; the same document and images give the same bytes.

        Raises ``RenderingFailed``: an image that a finished (not draft) document names is missing or is
        neither JPEG nor PNG, typst refuses it, or it takes longer than the time-out.
        """
        files, pages, replaced = self._render(document, images, {"kind": "pdf"})
        pdf = files[0]
        return RenderedDocument(pdf, pages, hashlib.sha256(pdf).hexdigest(), replaced)

    def render_pages(
        self, document: Mapping[str, Any], images: Mapping[str, bytes], width_px: int
    ) -> list[bytes]:
        """One PNG a page, ``width_px`` (at most 2400) wide; raises ``RenderingFailed`` as ``render_pdf``."""
        width = max(1, min(width_px, MAX_WIDTH_PX))
        files, _, _ = self._render(document, images, {"kind": "png", "ppi": width / PAGE_WIDTH_INCHES})
        return files

    def close(self) -> None:
        """Ends the worker process, whatever it is doing; a document being laid out fails at once."""
        process = self._process
        if process is not None:
            process.kill()
        if self._lock.acquire(timeout=5):
            self._stop()
            self._lock.release()

    def _render(
        self, document: Mapping[str, Any], images: Mapping[str, bytes], request: dict[str, Any]
    ) -> tuple[list[bytes], int, tuple[str, ...]]:
        deadline = time.monotonic() + self._timeout
        lost: set[str] = set()
        with tempfile.TemporaryDirectory(prefix="report-") as folder:
            root = Path(folder)
            copytree(TEMPLATE, root, dirs_exist_ok=True)
            data = {
                "document": printable_tree(document, lost),
                "images": _write_images(document, images, root),
            }
            (root / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
            answer = self._ask({**request, "root": folder}, deadline)
            if "error" in answer:
                logger.error("The document could not be laid out: %s", answer.get("trace", answer["error"]))
                raise RenderingFailed(f"The document could not be laid out: {answer['error']}")
            files = [(root / name).read_bytes() for name in answer["files"]]
        return files, int(answer["pages"]), tuple(sorted(lost))

    def _ask(self, request: dict[str, Any], deadline: float) -> dict[str, Any]:
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise RenderingFailed("Other documents are being laid out; please try again in a minute.")
        try:
            answer = _exchange(self._running(), request, deadline)
            self._served += 1
            if self._served >= self._recycle_after or answer.get("peak", 0) > RECYCLE_ABOVE_BYTES:
                self._stop()
            return answer
        except BaseException:
            # A worker whose answer nobody has read would give it to the next question.
            self._stop()
            raise
        finally:
            self._lock.release()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._stop()
        self._process = subprocess.Popen(  # noqa: S603 - a fixed command
            [sys.executable, "-I", str(WORKER), str(FONTS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"LANG": "C.UTF-8"},
            # Ctrl-C in the terminal is for the application; the worker ends when its input does.
            start_new_session=True,
        )
        return self._process

    def _stop(self) -> None:
        process, self._process, self._served = self._process, None, 0
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    # Unsent bytes for a process that is gone.
                    continue
        process.wait()

    def _forget(self) -> None:
        """In a forked child: the worker belongs to the parent, which alone may speak to it or end it."""
        self._process = None
        self._served = 0
        self._lock = threading.Lock()


def _exchange(process: subprocess.Popen[bytes], request: dict[str, Any], deadline: float) -> dict[str, Any]:
    """Writes the request and reads one line of answer before the deadline."""
    if process.stdin is None or process.stdout is None:
        raise RenderingFailed("The renderer has no pipes.")
    received = b""
    try:
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not received.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise RenderingFailed("The document took too long to lay out and was stopped.")
                chunk = os.read(process.stdout.fileno(), 65536)
                if not chunk:
                    raise RenderingFailed("The renderer stopped in the middle of the document.")
                received += chunk
    except BrokenPipeError as error:
        raise RenderingFailed("The renderer stopped in the middle of the document.") from error
    answer: dict[str, Any] = json.loads(received)
    return answer


def _write_images(document: Mapping[str, Any], images: Mapping[str, bytes], root: Path) -> dict[str, str]:
    """Writes the images that the document names; key → file name in the folder.

    A draft goes without an image that is missing; a document that will be issued does not.
    """
    names: dict[str, str] = {}
    (root / "images").mkdir()
    for number, (key, what) in enumerate(_named_images(document)):
        content = images.get(key, b"")
        extension = next((ending for start, ending in _SIGNATURES.items() if content.startswith(start)), None)
        if extension is None:
            if document["draft_mark"]:
                continue
            fault = "is neither JPEG nor PNG" if content else "is missing"
            raise RenderingFailed(f"The image of {what} {fault}; replace it and try again.")
        names[key] = f"images/{number}.{extension}"
        (root / names[key]).write_bytes(content)
    return names


def _named_images(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    named = [
        (document["letterhead"]["logo"], "the firm's logo"),
        (document["signature"]["image"], "the signature"),
    ]
    named += [(item["image"], f"photograph {item['number']}") for item in document["photographs"]]
    return [(key, what) for key, what in dict(reversed(named)).items() if key]


_default = TypstRenderer()
atexit.register(_default.close)
os.register_at_fork(after_in_child=_default._forget)


def render_pdf(document: Mapping[str, Any], images: Mapping[str, bytes]) -> RenderedDocument:
    """``TypstRenderer.render_pdf`` with the renderer of this process."""
    return _default.render_pdf(document, images)


def render_pages(document: Mapping[str, Any], images: Mapping[str, bytes], width_px: int) -> list[bytes]:
    """``TypstRenderer.render_pages`` with the renderer of this process."""
    return _default.render_pages(document, images, width_px)
