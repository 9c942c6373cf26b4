"""Which failures of a server pass by themselves: nothing is wrong with the request, and later it succeeds.

A primary that is restarted or hands over ends what is under way in more ways than by closing connections: a
write that was applied and not yet acknowledged by the majority comes back as a write concern error, a cursor
is gone, a new primary has not loaded its signing keys yet. And a document that an open transaction has
changed (of a process that was killed, say) cannot be changed until the server ends that transaction.
"""

from __future__ import annotations

from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError

# What the driver would have tried again, and has in vain.
_LABELS = ("TransientTransactionError", "UnknownTransactionCommitResult", "RetryableWriteError")
# From MongoDB's list of error codes.
_CODES = frozenset(
    {
        6,  # HostUnreachable
        7,  # HostNotFound
        43,  # CursorNotFound
        64,  # WriteConcernFailed: the majority had not heard of the write in time
        89,  # NetworkTimeout
        91,  # ShutdownInProgress
        112,  # WriteConflict
        121,  # DocumentValidationFailure: the fence around an organization that is being moved
        134,  # ReadConcernMajorityNotAvailableYet
        189,  # PrimarySteppedDown
        211,  # KeyNotFound: "No keys found for HMAC", right after an election
        262,  # ExceededTimeLimit
        9001,  # SocketException
        10107,  # NotWritablePrimary
        11600,  # InterruptedAtShutdown
        11602,  # InterruptedDueToReplStateChange
        13435,  # NotPrimaryNoSecondaryOk
        13436,  # NotPrimaryOrSecondary
    }
)


def passes(error: BaseException) -> bool:
    """Whether this failure, itself and not what caused it, is of the server's moment and not of the request.

    What was to be written may be there or not: whoever tries again looks first, or writes conditionally.
    """
    if not isinstance(error, PyMongoError):
        return False
    # In ``timeout``: nobody answered in time, or the majority had not heard of the write in time.
    if error.timeout or any(error.has_error_label(label) for label in _LABELS):
        return True
    return isinstance(error, OperationFailure) and bool(_codes_of(error) & _CODES)


def _codes_of(error: OperationFailure) -> set[int | None]:
    if isinstance(error, BulkWriteError):
        details = error.details or {}
        # A write that was refused (a duplicate, say) is refused, whatever became of the others.
        return set() if details.get("writeErrors") else {one["code"] for one in details["writeConcernErrors"]}
    return {error.code}
