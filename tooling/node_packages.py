"""The packages of the tests' OpenID provider, which npm installs exactly as its lock file says.

Standard library only: it runs before the virtual environment exists.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tooling import apt

DIRECTORY = "tests/openid_provider"
LOCK = f"{DIRECTORY}/package-lock.json"
# What the provider's own code asks of Node.js; Debian has it since version 13.
OLDEST = 20


class NotInstalledError(Exception):
    """The packages cannot be installed; the message says why and what would help."""


def are_there(root: Path) -> bool:
    """Whether something was installed; which version, the fingerprint of the lock file says."""
    return (root / DIRECTORY / "node_modules" / "oidc-provider").is_dir()


def install(root: Path) -> None:
    """Install them, and Node.js if need be. Raises NotInstalledError, apt.MissingPackagesError."""
    why = "the OpenID provider of the tests"
    if shutil.which("node") is None or shutil.which("npm") is None:
        apt.install(["nodejs", "npm"], why=why)
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NotInstalledError("nodejs and npm were installed and still are not on PATH.")
    found = version_of(node)
    if found < OLDEST:
        raise NotInstalledError(
            f"Node.js {OLDEST} or newer is needed for {why}; {node} is {found}. "
            "Put a newer one first on PATH."
        )
    print("Installing the OpenID provider of the tests with npm …", flush=True)
    # Nothing that a package brings is run; nobody is told what is installed here.
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=root / DIRECTORY, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise NotInstalledError("npm could not install the packages; its message is above.")


def version_of(node: str) -> int:
    """The major version that the program says it is; 0 when it says nothing of the kind."""
    done = subprocess.run(
        [node, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    found = re.match(r"v(\d+)\.", done.stdout)
    return int(found[1]) if found else 0
