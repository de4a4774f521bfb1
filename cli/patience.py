"""Patience: waits out a server that is just being started again, up to a deadline, and then says so."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

WITHIN = 90.0  # seconds; PostgreSQL's recovery after a heavy import was measured at 17
PAUSE = 0.25


def patiently(work: Callable[[], T], within: float = WITHIN) -> T:
    """Do something that may be done twice, again and again while a server is away.

    Raises:
        Exception: whatever `work` raised last when the time is up, and at once what is no outage.
    """
    until = time.monotonic() + within
    while True:
        try:
            return work()
        except Exception as error:
            if not is_outage(error) or time.monotonic() > until:
                raise
            time.sleep(PAUSE)


def is_outage(error: BaseException) -> bool:
    """Whether this says that a server is away, as opposed to a mistake."""
    from psycopg import OperationalError
    from sqlalchemy.exc import DBAPIError
    from temporalio.service import RPCError, RPCStatusCode

    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error.orig, OperationalError)
    if isinstance(error, RPCError):
        return error.status in (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)
    return isinstance(error, OperationalError | ConnectionError)
