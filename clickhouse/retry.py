"""Which of the store's errors pass by themselves, as one pure function over the server's code."""

from __future__ import annotations

from typing import Final

#: No answer at all: the request may or may not have been carried out.
UNREACHABLE: Final = 0

#: ClickHouse's error codes of states that pass: overload, memory, parts, Keeper, network, disk.
PASSING: Final = frozenset(
    {
        UNREACHABLE,
        95,  # CANNOT_READ_FROM_SOCKET
        96,  # CANNOT_WRITE_TO_SOCKET
        159,  # TIMEOUT_EXCEEDED
        173,  # CANNOT_ALLOCATE_MEMORY
        198,  # DNS_ERROR
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        203,  # NO_FREE_CONNECTION
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        225,  # NO_ZOOKEEPER
        236,  # ABORTED
        241,  # MEMORY_LIMIT_EXCEEDED
        242,  # TABLE_IS_READ_ONLY
        243,  # NOT_ENOUGH_SPACE
        252,  # TOO_MANY_PARTS
        279,  # ALL_CONNECTION_TRIES_FAILED
        285,  # TOO_FEW_LIVE_REPLICAS
        286,  # UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
        319,  # UNKNOWN_STATUS_OF_INSERT
        394,  # QUERY_WAS_CANCELLED
        425,  # SYSTEM_ERROR
        439,  # CANNOT_SCHEDULE_TASK
        473,  # DEADLOCK_AVOIDED
        499,  # S3_ERROR
        745,  # SERVER_OVERLOADED
        999,  # KEEPER_EXCEPTION
    }
)


def retryable(code: int) -> bool:
    """Say whether repeating the very same request can succeed.

    A code that is not known to pass (53 TYPE_MISMATCH, 117 INCORRECT_DATA, ...) never does: the
    rows at fault belong in the dead letters.
    """
    return code in PASSING
