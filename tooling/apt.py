"""Debian packages that pip cannot bring: installed when we may, named exactly when we may not.

Standard library only: it also runs before the virtual environment exists.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence


class MissingPackagesError(Exception):
    """Something of the system's is missing; the message names the packages and how to install them."""


def install(packages: Sequence[str], *, why: str) -> None:
    """Install ``packages`` with apt-get when root on Debian; raise MissingPackagesError otherwise.

    ``why`` completes the sentence "… is needed for" in the message.
    """
    names = " ".join(packages)
    by_hand = f"apt-get update && apt-get install -y --no-install-recommends {names}"
    apt_get = shutil.which("apt-get")
    if apt_get is None:
        raise MissingPackagesError(
            f"{names} (Debian's names) needed for {why}; there is no apt-get to install with."
        )
    if os.geteuid() != 0:
        raise MissingPackagesError(f"{names} needed for {why}. As root:\n    {by_hand}")
    print(f"Installing {names} with apt-get, for {why} …", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # A failed update may still leave usable lists behind (one of several sources down); the install decides.
    subprocess.run([apt_get, "update", "-q"], env=environment, stdin=subprocess.DEVNULL, check=False)
    command = [apt_get, "install", "-y", "-q", "--no-install-recommends", *packages]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise MissingPackagesError(
            f"apt-get could not install {names}, needed for {why}. Try by hand:\n    {by_hand}"
        )
