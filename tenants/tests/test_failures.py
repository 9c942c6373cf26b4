"""A failure of the server's moment is told as one, and one of the request is not."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    CursorNotFound,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
    WTimeoutError,
)

from tenants.middleware import is_unreachable

_TRANSIENT = {"errorLabels": ["TransientTransactionError"], "code": 112, "errmsg": "WriteConflict"}


def bulk(*, refused: list[dict[str, Any]] = [], unconfirmed: list[dict[str, Any]] = []) -> BulkWriteError:  # noqa: B006
    return BulkWriteError({"writeErrors": refused, "writeConcernErrors": unconfirmed, "nInserted": 1})


@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect("connection closed"),
        OperationFailure("WriteConflict", 112, _TRANSIENT),
        OperationFailure("No keys found for HMAC that is valid for time", 211),
        CursorNotFound("cursor id 1 not found", 43),
        WriteConcernError("Replication is being shut down", 91),
        WriteConcernError("operation was interrupted", 11602),
        WTimeoutError("operation exceeded time limit", 50),
        WTimeoutError("waiting for replication timed out", 64),
        bulk(unconfirmed=[{"code": 91, "errmsg": "Replication is being shut down"}]),
        bulk(unconfirmed=[{"code": 11602, "errmsg": "operation was interrupted"}]),
    ],
)
def test_a_failure_of_the_servers_moment_passes(error: PyMongoError) -> None:
    wrapped = DatabaseError()
    wrapped.__cause__ = error
    assert is_unreachable(error)
    assert is_unreachable(wrapped)


@pytest.mark.parametrize(
    "error",
    [
        OperationFailure("unknown operator: $x", 2),
        OperationFailure("not authorized", 13),
        DuplicateKeyError("E11000 duplicate key error", 11000),
        bulk(refused=[{"code": 11000}], unconfirmed=[{"code": 91, "errmsg": ""}]),
        ValueError("midway"),
        None,
    ],
)
def test_a_failure_of_the_request_stays(error: BaseException | None) -> None:
    assert not is_unreachable(error)
