"""Processes that do not outlive the one that started them; Linux knows how, elsewhere these do nothing."""

from __future__ import annotations

import ctypes
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def _control(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def adopt_orphans() -> None:
    """Let processes whose parent has died become ours, so that stopping our descendants finds them."""
    _control(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """To be run in a new child: have it asked to end when its parent dies, however that dies."""
    _control(PR_SET_PDEATHSIG, signal.SIGTERM)


def die_with_parent() -> None:
    """To be run in a new child: have it killed when its parent dies, however that dies."""
    _control(PR_SET_PDEATHSIG, signal.SIGKILL)
