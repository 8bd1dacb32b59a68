"""Who has the embedded Airflow for themselves: two that run DAGs on one home would perform each other's tasks."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from dev.airflow_env import Home


class InUse(Exception):
    """Someone else runs DAGs on this home."""


@contextmanager
def sole_use(home: Home, purpose: str) -> Iterator[None]:
    """Hold the home, or raise InUse naming who does: a scheduler would run the tasks of our run a second time."""
    with home.lock.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            raise InUse(f"{holder} is using this Airflow. Stop it, or wait until it has finished.") from None
        lock.truncate(0)
        lock.write(f"{purpose} (process {os.getpid()})")
        lock.flush()
        yield
        lock.truncate(0)
