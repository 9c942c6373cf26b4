"""Run all tests: first those that can share the machine, on both cores, then those that need it alone.

``python -m tooling.run_tests [pytest's arguments]``. The exit status is pytest's, the first that is not 0.
Choosing (``-k name``) may leave one of the two rounds without a test, which is no failure; both empty is.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

ROUNDS = (
    ("-m", "not stress", "--numprocesses", "2", "--dist", "loadfile"),
    ("-m", "stress", "--numprocesses", "0"),
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
