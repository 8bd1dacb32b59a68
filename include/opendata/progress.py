"""What a long step is doing, said while it does it: to the log of its task, and to whoever runs it by hand.

Lines hold counts of cells and names of stages, never a figure.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

QUIET_SECONDS = 3.0
"""Whoever runs a step by hand is told nothing of one that is done sooner."""

_LOG = logging.getLogger("opendata.progress")


def report(text: str) -> None:
    """One line, e.g. ``suppressing 11,151 counts: walk``."""
    _LOG.info(text)


class _Forward(logging.Handler):
    def __init__(self, to: Callable[[str], None]):
        super().__init__(logging.INFO)
        self.to, self.since = to, time.monotonic() + QUIET_SECONDS

    def emit(self, record: logging.LogRecord) -> None:
        if time.monotonic() >= self.since:
            self.to(record.getMessage())


@contextmanager
def progress_to(show: Callable[[str], None]) -> Iterator[None]:
    """While it lasts, and once it has lasted ``QUIET_SECONDS``, every line goes to ``show`` as well."""
    handler, level = _Forward(show), _LOG.level
    _LOG.addHandler(handler)
    _LOG.setLevel(logging.INFO)
    try:
        yield
    finally:
        _LOG.removeHandler(handler)
        _LOG.setLevel(level)
