"""The process that lays pages out: started late, replaced, stopped, and never in anybody's way."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.documents import render
from reports.documents.content import build_document
from reports.documents.render import RenderingFailed, TypstRenderer
from reports.tests.documents.making import Worked, a_context, a_field, a_format

ROOT = Path(__file__).parents[3]


@pytest.fixture
def renderer() -> Iterator[TypstRenderer]:
    made = TypstRenderer()
    yield made
    made.close()


@pytest.fixture
def stuck_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that takes a request and never answers."""
    _use(tmp_path, monkeypatch, "import sys, threading\nsys.stdin.readline()\nthreading.Event().wait()\n")


@pytest.fixture
def dying_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that ends in the middle of a request."""
    _use(tmp_path, monkeypatch, "import sys\nsys.stdin.readline()\n")


def _use(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    worker = folder / "worker.py"
    worker.write_text(script, encoding="utf-8")
    monkeypatch.setattr(render, "WORKER", worker)


def a_document() -> dict[str, Any]:
    return build_document(a_format(a_field("remarks")), {}, Worked(), a_context())


def pid_of(renderer: TypstRenderer) -> int:
    assert renderer._process is not None
    return renderer._process.pid


def test_it_starts_no_process_before_there_is_a_document(renderer: TypstRenderer) -> None:
    assert renderer._process is None


def test_it_prints_one_document_after_another_with_one_process(renderer: TypstRenderer) -> None:
    pids = {(renderer.render_pdf(a_document(), {}), pid_of(renderer))[1] for _ in range(3)}
    assert len(pids) == 1


def test_it_replaces_the_process_after_some_documents() -> None:
    renderer = TypstRenderer(recycle_after=1)
    renderer.render_pdf(a_document(), {})
    assert renderer._process is None


def test_it_replaces_a_process_that_has_grown_too_large(
    renderer: TypstRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "RECYCLE_ABOVE_BYTES", 1)
    renderer.render_pdf(a_document(), {})
    assert renderer._process is None


def test_it_starts_anew_after_its_process_was_killed(renderer: TypstRenderer) -> None:
    renderer.render_pdf(a_document(), {})
    os.kill(pid_of(renderer), 9)
    assert renderer._process is not None
    renderer._process.wait()
    assert renderer.render_pdf(a_document(), {}).pages == 1


@pytest.mark.usefixtures("stuck_worker")
def test_it_gives_up_on_a_document_that_takes_too_long() -> None:
    with pytest.raises(RenderingFailed, match="took too long"):
        TypstRenderer(timeout=0.3).render_pdf(a_document(), {})


@pytest.mark.usefixtures("stuck_worker")
def test_it_kills_the_process_that_took_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def start(*args: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(real(*args, **options))
        return started[-1]

    monkeypatch.setattr("reports.documents.render.subprocess.Popen", start)
    with pytest.raises(RenderingFailed):
        TypstRenderer(timeout=0.3).render_pdf(a_document(), {})
    assert started[0].poll() == -9


@pytest.mark.usefixtures("dying_worker")
def test_it_says_that_the_renderer_stopped() -> None:
    with pytest.raises(RenderingFailed, match="stopped in the middle"):
        TypstRenderer().render_pdf(a_document(), {})


@pytest.mark.usefixtures("stuck_worker")
def test_closing_ends_a_document_that_is_being_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = TypstRenderer(timeout=30)
    asked = threading.Event()
    exchange = render._exchange

    def tell(*args: Any) -> dict[str, Any]:
        asked.set()
        return exchange(*args)

    monkeypatch.setattr(render, "_exchange", tell)
    failures: list[str] = []

    def work() -> None:
        try:
            renderer.render_pdf(a_document(), {})
        except RenderingFailed as problem:
            failures.append(str(problem))

    thread = threading.Thread(target=work)
    thread.start()
    asked.wait(10)
    renderer.close()
    thread.join(10)
    assert failures == ["The renderer stopped in the middle of the document."]


@pytest.mark.usefixtures("stuck_worker")
def test_it_tells_a_second_document_that_the_first_takes_all_the_time() -> None:
    renderer = TypstRenderer(timeout=0.2)
    with renderer._lock, pytest.raises(RenderingFailed, match="Other documents"):
        renderer.render_pdf(a_document(), {})


def test_threads_share_it(renderer: TypstRenderer) -> None:
    found: set[str] = set()
    threads = [
        threading.Thread(target=lambda: found.add(renderer.render_pdf(a_document(), {}).sha256))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == {renderer.render_pdf(a_document(), {}).sha256}


def test_it_leaves_no_folder_behind(
    renderer: TypstRenderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    renderer.render_pdf(a_document(), {})
    assert list(tmp_path.iterdir()) == []


def test_the_process_is_given_no_secrets(renderer: TypstRenderer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_URI", "mongodb://someone:secret@example.org")
    renderer.render_pdf(a_document(), {})
    environment = Path(f"/proc/{pid_of(renderer)}/environ").read_bytes()
    assert environment.strip(b"\0") == b"LANG=C.UTF-8"


def test_the_process_loads_nothing_of_the_application(renderer: TypstRenderer) -> None:
    renderer.render_pdf(a_document(), {})
    loaded = Path(f"/proc/{pid_of(renderer)}/maps").read_text(encoding="utf-8")
    assert ("typst" in loaded, "bson" in loaded or "_cbson" in loaded) == (True, False)


SCRIPT = """
import os, sys
from reports.documents import render
from reports.tests.documents.test_worker import a_document
render.render_pdf(a_document(), {})
mine = render._default._process.pid
child = os.fork()
if child == 0:
    os._exit(0 if render._default._process is None else 1)
status = os.waitpid(child, 0)[1]
print(mine, os.waitstatus_to_exitcode(status))
"""


@pytest.fixture(scope="module")
def ended_application() -> tuple[int, int]:
    """An application that printed a document, forked, and ended: its worker's pid, what the child found."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    worker, child = done.stdout.split()
    return int(worker), int(child)


def test_the_process_ends_with_the_application(ended_application: tuple[int, int]) -> None:
    assert not Path(f"/proc/{ended_application[0]}").exists()


def test_a_forked_process_does_not_use_its_parents_worker(ended_application: tuple[int, int]) -> None:
    assert ended_application[1] == 0
