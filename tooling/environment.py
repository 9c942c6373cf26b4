"""The variables under which the application runs here: served, or checked without a database."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import environ

from tooling.paths import ROOT, VAR
from tooling.private_files import read_or_create, token

LOOPBACK_HOSTS = "127.0.0.1,localhost,[::1]"
# Port 9 is "discard": nothing listens there, and a connection is refused at once.
NO_DATABASE = "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200&connectTimeoutMS=200"


def for_serving(given: Mapping[str, str], *, mongodb_uri: str, port: int) -> dict[str, str]:
    """What the served application's processes get: ``given``, and what it leaves open as it suits here.

    The secret key is made once and kept in ``var/``, so that people stay signed in from start to start.
    """
    environment = dict(given)
    environment["MONGODB_URI"] = mongodb_uri
    environment["PORT"] = str(port)
    environment["PYTHONUNBUFFERED"] = "1"
    environment.setdefault("DJANGO_DEBUG", "false")
    # A loopback address is reached by plain http: no redirect, and cookies that travel without TLS.
    environment.setdefault("DJANGO_HTTPS", "false")
    environment.setdefault("DJANGO_ALLOWED_HOSTS", LOOPBACK_HOSTS)
    # Mail that nobody said where to send is kept and shown, and reaches nobody.
    if "EMAIL_URL" not in environment and environment["DJANGO_HTTPS"].lower() in ("false", "0", "off", "no"):
        environment.setdefault("MAIL_OUTBOX", "true")
    # Where the links in e-mails lead.
    environment.setdefault("SITE_URL", f"http://127.0.0.1:{port}")
    if not environment.get("DJANGO_SECRET_KEY"):
        environment["DJANGO_SECRET_KEY"] = read_or_create(VAR / "secret-key", token)
    return environment


def with_dotenv(given: Mapping[str, str], dotenv: Path = ROOT / ".env") -> dict[str, str]:
    """``given`` over what the file ``.env`` says; a checkout without that file is the usual case."""
    if not dotenv.is_file():
        return dict(given)

    class Dotenv(environ.Env):
        # By default it would write what it reads into this process's own environment.
        ENVIRON: ClassVar[dict[str, str]] = {}

    Dotenv.read_env(str(dotenv))
    return {**Dotenv.ENVIRON, **given}


def without_database(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """A complete environment that reaches no database and holds no secret: for checks of the code alone."""
    environment = dict(os.environ if given is None else given)
    for name in [name for name in environment if name.startswith(("DJANGO_", "MONGODB_"))]:
        del environment[name]
    environment["DJANGO_SETTINGS_MODULE"] = "valuation.settings"
    environment["DJANGO_SECRET_KEY"] = token() + token()
    environment["DJANGO_DEBUG"] = "false"
    environment["DJANGO_ALLOWED_HOSTS"] = LOOPBACK_HOSTS
    environment["MONGODB_URI"] = NO_DATABASE
    return environment
