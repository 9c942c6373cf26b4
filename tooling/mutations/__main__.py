"""Try every mutation on a copy of what is committed; print which test noticed, for docs/isolation.md.

``python -m tooling.mutations [words of a mutation]``. The exit status is 1 when one goes unnoticed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from tooling.mutations.catalogue import MUTATIONS, Mutation
from tooling.paths import ROOT

_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?)(?:\[.*)?(?: - .*)?$", re.MULTILINE)


def main(arguments: Sequence[str]) -> int:
    """Print one row a mutation; 0 when all of them were noticed."""
    chosen = [one for one in MUTATIONS if all(word in one.what for word in arguments)]
    unnoticed = 0
    print("| what is broken | where | the test that fails |\n| --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory(prefix="mutations-") as directory:
        copy = Path(directory)
        _copy_what_is_committed(copy)
        for mutation in chosen:
            noticed = try_one(copy, mutation)
            unnoticed += noticed is None
            said = f"`{noticed}`" if noticed else "**none**"
            print(f"| {mutation.what} | `{mutation.file}` | {said} |", flush=True)
    return 1 if unnoticed else 0


def try_one(copy: Path, mutation: Mutation) -> str | None:
    """Break the copy, run the tests, mend it again. The first test that failed, or None when none did."""
    file = copy / mutation.file
    whole = file.read_text(encoding="utf-8")
    if whole.count(mutation.old) != 1:
        raise SystemExit(f"{mutation.file} has no single place for: {mutation.what}")
    file.write_text(whole.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mutation.tests],
            cwd=copy,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        file.write_text(whole, encoding="utf-8")
    if done.returncode == 0:
        return None
    found = _FAILED.search(done.stdout)
    if done.returncode != 1 or found is None:
        # Not a test that failed, but pytest that could not run them: it says nothing of the mutation.
        raise SystemExit(f"The tests for “{mutation.what}” did not run:\n{done.stdout}{done.stderr}")
    return found[1]


def _copy_what_is_committed(directory: Path) -> None:
    archive = subprocess.run(
        ["git", "archive", "--format=tar", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
        tar.extractall(directory, filter="data")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
