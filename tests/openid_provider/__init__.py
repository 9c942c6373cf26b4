"""A real OpenID provider (npm ``oidc-provider``) on loopback, for the tests that need one.

``python -m tooling.bootstrap dev`` installs it, from the lock file beside this.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tooling import processes

HERE = Path(__file__).parent
CLIENT_ID = "valuation-reports"
CLIENT_SECRET = "known to the provider and to us: +/&="
_SECONDS = 10


@dataclass(frozen=True, slots=True)
class RunningProvider:
    """Where it answers, and how it is made to behave otherwise."""

    issuer: str

    def control(self, **told: Any) -> None:
        """``accounts={subject: claims}``, ``rotate=True``, ``mode="up"`` (or "error", "gone")."""
        requests.post(f"{self.issuer}/control", json=told, timeout=_SECONDS).raise_for_status()


@contextmanager
def running(site: str, accounts: Mapping[str, Mapping[str, Any]], *, log: Path) -> Iterator[RunningProvider]:
    """A provider that knows one client, at the origin ``site``, and ``accounts`` by their subjects."""
    node = shutil.which("node")
    assert node is not None, "There is no node: run “make test”, which installs it."
    assert (HERE / "node_modules").is_dir(), "Run “make test”, or “npm ci” in tests/openid_provider."
    client = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": [f"{site}/openid/callback/"],
        "post_logout_redirect_uris": [f"{site}/sign-in/"],
    }
    told = json.dumps({"client": client, "accounts": accounts})
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [node, "provider.mjs", told],
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        try:
            assert process.stdout is not None
            word, _, port = process.stdout.readline().decode().strip().partition(" ")
            assert word == "ready", log.read_text(errors="replace")[-2000:]
            yield RunningProvider(f"http://127.0.0.1:{port}")
        finally:
            processes.stop(process, seconds=5)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
