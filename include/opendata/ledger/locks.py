"""One at a time: what two processes that share a ledger may not do at once.

The ledger is what all workers of an installation share, so the lock is with it: a file beside a SQLite ledger, an advisory
lock of a PostgreSQL server. Whoever holds it and dies lets go of it. Another kind of database has no such lock.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

Purpose = Literal["migrating", "staging"]

_KEYS: dict[Purpose, int] = {"migrating": 0x0BE7DA7A, "staging": 0x0BE7DA7B}


@contextmanager
def one_at_a_time(engine: sa.Engine, purpose: Purpose) -> Iterator[None]:
    """Wait for the lock and hold it."""
    folder = folder_of(engine.url)
    if folder is not None:
        with (folder / f".{purpose}").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    elif engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _KEYS[purpose]})
            try:
                yield
            finally:
                connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": _KEYS[purpose]})
    else:
        yield


def folder_of(url: sa.URL) -> Path | None:
    """The folder of a ledger that is a file; None for one that is a server, or in memory."""
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        return Path(url.database).parent
    return None
