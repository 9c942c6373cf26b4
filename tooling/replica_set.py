"""Make a started mongod what the application needs: the primary of a replica set of one, with its user.

Every step first looks at what is there, so it finishes what an interrupted start left half-done: a server
that was never initiated, one that was initiated and has no user, one whose port has changed.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

NAME = "rs0"
# Error codes of MongoDB's, from its list of error codes.
UNAUTHORIZED = 13
AUTHENTICATION_FAILED = 18
INVALID_REPLICA_SET_CONFIG = 93
NOT_YET_INITIALIZED = 94
DATA_OF_ANOTHER = (
    "The stored password does not open this server: its data and its password file do not belong together."
)
POLL_SECONDS = 0.03

Client = MongoClient[dict[str, Any]]


class ReplicaSetError(Exception):
    """The server runs but cannot be made ready; the message says why."""


class ServerEndedError(ReplicaSetError):
    """The server ended while it was being waited for."""


class GivenUpError(ReplicaSetError):
    """The caller was asked to stop."""


@dataclass(frozen=True, slots=True)
class Member:
    """The only member: where it listens, and the user that it has or shall have."""

    host: str
    port: int
    user: str
    password: str

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def uri(self) -> str:
        credentials = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"mongodb://{credentials}@{self.address}/?replicaSet={NAME}&authSource=admin"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, and for what not to: a server that ended, a caller that was told to stop."""

    alive: Callable[[], bool]
    stopping: threading.Event
    deadline: float

    def pause(self, waiting_for: str) -> None:
        """Wait a moment; raise when there is nothing left to wait for."""
        if not self.alive():
            raise ServerEndedError("The server ended.")
        if time.monotonic() > self.deadline:
            raise ReplicaSetError(f"Gave up waiting for {waiting_for}.")
        if self.stopping.wait(POLL_SECONDS):
            raise GivenUpError(f"Stopped while waiting for {waiting_for}.")


def prepare(member: Member, *, alive: Callable[[], bool], stopping: threading.Event, seconds: float) -> None:
    """Wait for the server, initiate or repair its replica set, wait for the primary, make sure of the user.

    Raises ServerEndedError as soon as ``alive()`` is false, GivenUpError as soon as ``stopping`` is set, and
    ReplicaSetError after ``seconds`` or when the server refuses.
    """
    patience = Patience(alive, stopping, time.monotonic() + seconds)
    # A refused connection costs a client half a second, a plain socket nothing.
    while not _listens(member):
        patience.pause("the server to listen")
    with _connect(member, signed_in=False) as client, _connect(member, signed_in=True) as signed_in:
        while True:
            try:
                hello = client.admin.command("hello")
                if hello.get("isWritablePrimary"):
                    break
                if needs_configuration(hello):
                    _configure(client, signed_in, member)
            except ConnectionFailure:
                pass  # It may close connections while its state changes; ask again.
            patience.pause("the server to become primary")
    _ensure_user(member)


def needs_configuration(hello: Mapping[str, Any]) -> bool:
    """Whether ``hello`` is that of a server that was never initiated, or is not in its own configuration."""
    return bool(hello.get("isreplicaset")) and "setName" not in hello


def _connect(member: Member, *, signed_in: bool) -> Client:
    """A client of this one server, whatever it takes itself for."""
    return MongoClient(
        member.host,
        member.port,
        username=member.user if signed_in else None,
        password=member.password if signed_in else None,
        directConnection=True,
        serverSelectionTimeoutMS=500,
        connectTimeoutMS=2000,
        socketTimeoutMS=20000,
    )


def _configure(client: Client, signed_in: Client, member: Member) -> None:
    """Initiate the set, or give it the server's present address, or leave it alone while it is still loading.

    While no user exists, ``client`` may do either from this machine; afterwards only ``signed_in`` may.
    """
    configuration = {"_id": NAME, "version": 1, "members": [{"_id": 0, "host": member.address}]}
    for asking in (client, signed_in):
        state = _refusal(asking, {"replSetGetStatus": 1})
        if state == NOT_YET_INITIALIZED:
            _refusal(asking, {"replSetInitiate": configuration})
        elif state == INVALID_REPLICA_SET_CONFIG:
            # The configuration that it has names another port. Forced: it cannot be asked to agree.
            _refusal(asking, {"replSetReconfig": configuration, "force": True})
        elif state == AUTHENTICATION_FAILED:
            raise ReplicaSetError(DATA_OF_ANOTHER)
        if state != UNAUTHORIZED:
            return


def _refusal(client: Client, command: dict[str, Any]) -> int | None:
    """Run a command of the admin database; the error code with which the server refuses, or None."""
    try:
        client.admin.command(command)
    except OperationFailure as error:
        return error.code
    return None


def _ensure_user(member: Member) -> None:
    """Sign in as the user; if that fails create it, which loopback may do while there is no user."""
    if _signs_in(member):
        return
    with _connect(member, signed_in=False) as client:
        try:
            client.admin.command("createUser", member.user, pwd=member.password, roles=["root"])
        except OperationFailure as error:
            if error.code == UNAUTHORIZED:
                raise ReplicaSetError(DATA_OF_ANOTHER) from error
            raise ReplicaSetError(f"The user cannot be created: {error}.") from error
    if not _signs_in(member):
        raise ReplicaSetError("The user was created and still cannot sign in.")


def _signs_in(member: Member) -> bool:
    with _connect(member, signed_in=True) as client:
        refusal = _refusal(client, {"usersInfo": 1})
    if refusal not in {None, AUTHENTICATION_FAILED}:
        raise ReplicaSetError(f"The server refuses its user (error {refusal}).")
    return refusal is None


def _listens(member: Member) -> bool:
    try:
        socket.create_connection((member.host, member.port), timeout=1).close()
    except OSError:
        return False
    return True
