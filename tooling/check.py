"""`make check`: everything that can be said about the code without running it, every complaint in one go.

``python -m tooling.check [step …]`` runs the named steps only. Needs no database and reads no secret.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

from tooling.environment import without_database
from tooling.paths import ROOT

PYTHON = sys.executable
STEPS: dict[str, Sequence[str]] = {
    "format": ("-m", "ruff", "format", "--check", "--output-format", "concise", "."),
    "lint": ("-m", "ruff", "check", "--output-format", "concise", "."),
    "types": ("-m", "mypy"),
    "imports": ("-m", "tooling.import_contracts"),
    "templates": ("-m", "tooling.templates"),
    "deployment": ("manage.py", "check", "--deploy", "--fail-level", "WARNING"),
    "migrations": ("-m", "tooling.migrations"),
}


def main(arguments: Sequence[str]) -> int:
    """Run the steps; 0 when all of them pass."""
    unknown = [name for name in arguments if name not in STEPS]
    if unknown:
        print(f"make check: no step {', '.join(unknown)}; there are {', '.join(STEPS)}", file=sys.stderr)
        return 2
    surroundings = without_database()
    failed = []
    for name in arguments or STEPS:
        began = time.monotonic()
        done = subprocess.run(
            [PYTHON, *STEPS[name]],
            cwd=ROOT,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        passed = done.returncode == 0
        print(f"{'pass' if passed else 'FAIL'}  {name:<11} {time.monotonic() - began:5.1f} s", flush=True)
        if not passed:
            failed.append(name)
            print(done.stdout.rstrip(), flush=True)
    if failed:
        print(f"\nFailed: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
