"""Become another program, one that ends with the process that asked for it and may open many files.

Run as ``python -I -S launch.py PARENT_PID SIGNAL program argument …``. It replaces itself by the program, so
the process id that the caller holds is the program's own.

This is a program of its own, and not a ``preexec_fn``, because code between fork and exec can deadlock in a
process that has threads, and every process that holds a MongoClient has some.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def die_with_parent(parent: int, death_signal: int) -> bool:
    """Ask the kernel for ``death_signal`` when the parent ends; False when it has ended already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    return os.getppid() == parent


def raise_open_file_limit() -> int:
    """Raise the limit on open files as far as this user may, and return it.

    Root may go beyond the hard limit, up to the kernel's own; everybody else up to the hard limit.
    """
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = [hard]
    try:
        wanted.insert(0, int(Path("/proc/sys/fs/nr_open").read_text(encoding="ascii")))
    except (OSError, ValueError):
        pass  # Not Linux, or /proc is hidden: the hard limit is what is left.
    for limit in wanted:
        if hard != resource.RLIM_INFINITY and limit < hard:
            continue
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        except (OSError, ValueError):
            continue  # Not permitted to this user: the next one is lower.
        break
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def main(arguments: list[str]) -> int:
    parent, death_signal, *command = arguments
    raise_open_file_limit()
    if not die_with_parent(int(parent), int(death_signal)):
        return 1
    # A shell that starts a job in the background ignores SIGINT for it, and an ignored signal stays ignored
    # across exec; the program decides for itself.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(command[0], command)  # noqa: S606 - a list of arguments, and no shell wanted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
