"""The browser for the tests: Debian's chromium, installed when it is missing and we may."""

from __future__ import annotations

import os
import shutil
import sys

from tooling import apt

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The path of a Chromium: what CHROMIUM names if it is set, else the first usual name on PATH."""
    given = os.environ.get("CHROMIUM")
    for name in (given,) if given else NAMES:
        path = shutil.which(name)
        if path is not None:
            return path
    return None


def ensure() -> str:
    """The path of a Chromium, installed if need be. Raises apt.MissingPackagesError."""
    if find() is None:
        apt.install(["chromium"], why="the browser tests")
    path = find()
    if path is None:
        raise apt.MissingPackagesError("chromium was installed and still is not on PATH.")
    return path


def main() -> int:
    try:
        ensure()
    except apt.MissingPackagesError as error:
        print(f"make test: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
