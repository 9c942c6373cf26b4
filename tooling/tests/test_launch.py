"""The launcher: what the program that it becomes finds."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

from tooling.processes import LAUNCHER

SHOW_LIMIT = "import resource; print(*resource.getrlimit(resource.RLIMIT_NOFILE))"
SHOW_INTERRUPT = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"


def launched(
    program: str, *, before: str = "", parent: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``before`` in a process that becomes the launcher, which becomes Python running ``program``."""
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(parent or os.getpid()), "15"]
    command = [*launcher, sys.executable, "-c", program]
    code = f"import os, resource, signal\n{before}\nos.execv({sys.executable!r}, {command!r})"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_low_limit_on_open_files_is_raised() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowered = f"resource.setrlimit(resource.RLIMIT_NOFILE, (256, {hard}))"
    soft_found, hard_found = launched(SHOW_LIMIT, before=lowered).stdout.split()
    assert soft_found == hard_found


def test_an_interrupt_that_a_background_shell_ignores_is_listened_to_again() -> None:
    ignoring = "signal.signal(signal.SIGINT, signal.SIG_IGN)"
    assert launched(SHOW_INTERRUPT, before=ignoring).stdout.strip() == "True"


def test_it_does_not_become_anything_when_its_parent_has_ended() -> None:
    assert launched("print('started')", parent=1).stdout == ""
