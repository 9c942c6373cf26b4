"""Transactions on one alias: ``atomic`` and ``run_atomically``.

Django's own atomic does nothing on MongoDB, and the backend's leaves a dead session and queued hooks behind
when a commit fails. Here every way out resets both. Two aliases are two sessions and never one
transaction: a change to the control plane and to an organization is ordered and made resumable instead.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import DatabaseError, connections
from pymongo.errors import PyMongoError

from tenants.context import require_org_id

T = TypeVar("T")

_TRANSIENT = "TransientTransactionError"
_UNKNOWN_COMMIT = "UnknownTransactionCommitResult"
_ATTEMPTS = 8
# Seconds before the last attempt; before each earlier one half as many.
_LONGEST_WAIT = 0.5


def _has_label(error: BaseException | None, label: str) -> bool:
    while error is not None:
        if isinstance(error, PyMongoError) and error.has_error_label(label):
            return True
        error = error.__cause__
    return False


@contextmanager
def atomic(using: str | None = None) -> Iterator[None]:
    """All or nothing for the block, on ``using`` or on the active organization's database.

    Nested blocks on the same alias join the outer transaction. A commit whose outcome is unknown is asked
    again; a transient failure is raised, because only ``run_atomically`` can run the block once more.
    Raises NoActiveOrganization when no alias is given and no organization is active, and WrongOrganization
    when another one is than the alias says: at the block's end too, and nothing is written then. The same for
    WritesFrozen while the organization's data is being moved.
    """
    connection: Any = connections[using or require_org_id("A transaction")]
    if connection.in_atomic_block_mongo:
        connection.nested_atomics += 1
        try:
            yield
        finally:
            connection.nested_atomics -= 1
        return
    connection.start_transaction_mongo()
    connection.in_atomic_block_mongo = True
    try:
        yield
        # A generator may be continued, and so come to its end, under another organization than it began.
        connection.require_committable()
        _commit(connection)
    except BaseException:
        _abandon(connection)
        raise
    connection.in_atomic_block_mongo = False
    connection.run_and_clear_commit_hooks()


def run_atomically(function: Callable[[], T], *, using: str | None = None) -> T:
    """Run ``function`` in a transaction, again when the server calls the failure transient (8 times at most).

    The function must be safe to run again: whatever it wrote in the failed attempt is gone. Within another
    transaction it runs once, for a failure has ended the whole of it and the outermost begins anew.
    """
    connection: Any = connections[using or require_org_id("A transaction")]
    if connection.in_atomic_block_mongo:
        return function()
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with atomic(using):
                return function()
        except (PyMongoError, DatabaseError) as error:
            if attempt == _ATTEMPTS or not _has_label(error, _TRANSIENT):
                raise
        # Those who met would meet again if all began anew at once; most waits are of a few milliseconds.
        time.sleep(random.uniform(0, _LONGEST_WAIT * 2 ** (attempt - _ATTEMPTS)))  # noqa: S311 - no secret
    raise AssertionError("unreachable")


def _commit(connection: Any) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            connection.session.commit_transaction()
        except PyMongoError as error:
            if attempt == _ATTEMPTS or not _has_label(error, _UNKNOWN_COMMIT):
                raise
        else:
            connection._end_session()
            return


def _abandon(connection: Any) -> None:
    """Roll back, and leave nothing of the failed block for the next one: no session, no hooks, no depth."""
    connection.in_atomic_block_mongo = False
    connection.nested_atomics = 0
    connection.run_on_commit = []
    session, connection.session = connection.session, None
    if session is None:
        return
    try:
        if session.in_transaction:
            session.abort_transaction()
    finally:
        session.end_session()
