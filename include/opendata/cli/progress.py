"""Shows how far long copies have come on standard error, below the step they belong to."""

from __future__ import annotations

import logging
import sys


class _OnStandardError(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"    {record.getMessage()}\n")
        sys.stderr.flush()


def show_progress() -> None:
    """Show what the logger ``opendata.progress`` is told; again does no harm."""
    told = logging.getLogger("opendata.progress")
    if not any(isinstance(handler, _OnStandardError) for handler in told.handlers):
        told.addHandler(_OnStandardError())
    told.setLevel(logging.INFO)
