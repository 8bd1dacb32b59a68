"""What a long step is doing, reported while it does it: to the log of its task, and to whoever waits for it.

The one mechanism for it. Every line goes to the logger ``opendata.progress``, which Airflow shows in the task's log, and to the
innermost :func:`progress_to`, and to no other: so nothing is shown twice. Lines hold counts of cells or bytes and names of
stages, never a figure.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

QUIET_SECONDS = 3.0
"""Whoever waits is shown nothing of a step that is done sooner."""

_LOG = logging.getLogger("opendata.progress")


@dataclass(frozen=True)
class _Listener:
    show: Callable[[str], None]
    since: float


# Not a context variable: copies report from threads of their own, which would not see one that was set elsewhere.
_LISTENERS: list[_Listener] = []


def report(text: str) -> None:
    """One line, e.g. ``suppressing 11,151 counts: walk``."""
    _LOG.info("%s", text)
    if _LISTENERS and time.monotonic() >= _LISTENERS[-1].since:
        _LISTENERS[-1].show(text)


@contextmanager
def progress_to(show: Callable[[str], None]) -> Iterator[None]:
    """While it lasts, and once it has lasted ``QUIET_SECONDS``, every line goes to ``show``.

    Within another one, it takes that one's place.
    """
    listener = _Listener(show, time.monotonic() + QUIET_SECONDS)
    _LISTENERS.append(listener)
    try:
        yield
    finally:
        _LISTENERS.remove(listener)
