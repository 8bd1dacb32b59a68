"""How far a long copy has come, for people who wait: a line every few seconds (``progress.report``).

The command line shows them on standard error, Airflow in the task's log. A copy that is over within a few seconds
says nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from include.opendata.progress import report

EVERY_SECONDS = 5.0


class Copying:
    """Counts bytes of one undertaking, from many threads."""

    def __init__(self, what: str, total: int, clock: Callable[[], float] = time.monotonic):
        self._what, self._total, self._clock = what, total, clock
        self._done, self._lock, self._said_at = 0, threading.Lock(), clock()

    def add(self, count: int) -> None:
        """So many bytes more are done."""
        with self._lock:
            self._done += count
            now = self._clock()
            if now - self._said_at < EVERY_SECONDS or not self._total:
                return
            self._said_at, done = now, min(self._done, self._total)
        report(f"{self._what}: {_mb(done)} of {_mb(self._total)} MB ({100 * done // self._total} %)")


def _mb(count: int) -> str:
    return f"{count / 1_000_000:,.0f}"
