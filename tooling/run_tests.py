"""Run all tests in rounds: most of them together, those under stress two at a time, what measures time alone.

``python -m tooling.run_tests [pytest's arguments]``. The exit status is pytest's, the first that is not 0.
Choosing (``-k name``) may leave some rounds without a test, which is no failure; all of them empty is.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

# In the order of the files: what takes longest comes early enough, and a package's files after one another.
_BY_FILE = ("--dist", "loadfile", "--no-loadscope-reorder")
ROUNDS = (
    ("-m", "not stress", "--numprocesses", "2", *_BY_FILE),
    ("-m", "stress and not alone", "--numprocesses", "2", *_BY_FILE),
    ("-m", "stress and alone", "--numprocesses", "0"),
)
# pytest's exit status when it ran no test.
NO_TESTS = 5


def main(arguments: Sequence[str]) -> int:
    """0 when at least one round ran tests and none failed."""
    statuses = [_run([*options, *arguments]) for options in ROUNDS]
    failed = [status for status in statuses if status not in (0, NO_TESTS)]
    if failed:
        return failed[0]
    return 0 if 0 in statuses else NO_TESTS


def _run(arguments: Sequence[str]) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
