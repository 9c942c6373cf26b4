"""Make the virtual environment and install the pinned packages into it; do nothing when that is done already.

``python3.11 -m tooling.bootstrap [run|dev]``. Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tooling import apt, node_packages
from tooling.paths import ROOT

ENVIRONMENT = ROOT / ".venv"
REQUIRED = (3, 11)
REQUIREMENTS = {
    "run": ("requirements.txt", "requirements-embedded.txt"),
    "dev": ("requirements-dev.txt",),
}
# What a set's requirements depend on: a change in any of these installs again.
SOURCES = (
    "requirements.txt",
    "requirements-embedded.txt",
    "requirements-celery.txt",
    "requirements-dev.txt",
    "constraints.txt",
    node_packages.LOCK,
)


class BootstrapError(Exception):
    """The environment cannot be made; the message says why and what would help."""


def main(arguments: list[str]) -> int:
    wanted = arguments[0] if arguments else "run"
    try:
        if wanted not in REQUIREMENTS:
            raise BootstrapError(f"Unknown set {wanted!r}: one of {', '.join(REQUIREMENTS)}.")
        with _alone():
            ensure(wanted)
    except (BootstrapError, apt.MissingPackagesError, node_packages.NotInstalledError) as error:
        print(f"make: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def ensure(wanted: str) -> None:
    """Have a working environment with the packages of ``wanted``, which is ``run`` or ``dev``."""
    if sys.version_info[:2] != REQUIRED:
        found = ".".join(str(part) for part in sys.version_info[:3])
        raise BootstrapError(
            f"Python {REQUIRED[0]}.{REQUIRED[1]} is needed, {sys.executable} is {found}. On Debian 12: "
            "apt-get install python3.11; elsewhere: make PYTHON=/path/to/python3.11"
        )
    if not _works():
        _make_environment()
    stamp = ENVIRONMENT / f".installed-{wanted}"
    fingerprint = fingerprint_of(ROOT, wanted)
    complete = wanted != "dev" or node_packages.are_there(ROOT)
    if complete and stamp.is_file() and stamp.read_text(encoding="ascii") == fingerprint:
        return
    print("Installing pinned packages into .venv …", flush=True)
    command: list[str | Path] = [ENVIRONMENT / "bin" / "python", "-m", "pip", "install", "-q", "--no-input"]
    command += ["--disable-pip-version-check", "-c", ROOT / "constraints.txt"]
    for name in REQUIREMENTS[wanted]:
        command += ["-r", ROOT / name]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False, env=_environment())
    if done.returncode != 0:
        raise BootstrapError("pip could not install the packages; its message is above. Nothing was started.")
    if wanted == "dev":
        node_packages.install(ROOT)
    stamp.write_text(fingerprint, encoding="ascii")


def fingerprint_of(root: Path, wanted: str) -> str:
    """What the installed packages of ``wanted`` depend on, as one hexadecimal digest."""
    digest = hashlib.sha256(f"{wanted} {sys.version_info[:3]}".encode())
    for name in SOURCES if wanted == "dev" else (*REQUIREMENTS[wanted], "constraints.txt"):
        digest.update(f"\n{name}\n".encode())
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def _works() -> bool:
    """Whether there is an environment that starts: an interrupted creation or a moved checkout breaks it."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        return False
    check = "import sys, pip; sys.exit(sys.prefix == sys.base_prefix or sys.version_info[:2] != (3, 11))"
    try:
        done = subprocess.run(
            [python, "-c", check], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def _make_environment() -> None:
    if importlib.util.find_spec("ensurepip") is None:  # Debian keeps it in a package of its own.
        apt.install(["python3.11-venv"], why="the virtual environment")
    print("Making the virtual environment .venv …", flush=True)
    command = [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False, env=_environment())
    if done.returncode != 0:
        raise BootstrapError(f"{' '.join(command)} failed; its message is above.")


def _environment() -> dict[str, str]:
    """The caller's variables without those that would make Python look elsewhere."""
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "PYTHONPATH"}}


@contextmanager
def _alone() -> Iterator[None]:
    """One bootstrap at a time: `make run` and `make test` may be started together."""
    with (ROOT / ".venv.lock").open("w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
