"""How commands answer: results on standard output, everything else on standard error.

With ``--json`` standard output is one JSON value and nothing else, also where the command fails: then it is one object that
says what went wrong (:func:`error_view`). What a long step is doing goes to standard error in either case.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, TypedDict

from include.opendata.errors import OpendataError, Place


class ErrorView(TypedDict):
    """An error for programs. ``slug`` is stable; no member holds a value of a record."""

    slug: str
    what: str
    remedy: str
    place: dict[str, str | int | None]
    details: list[str]
    exit_code: int


def error_view(
    slug: str, what: str, remedy: str, exit_code: int, *, place: Place | None = None, details: Iterable[str] = ()
) -> ErrorView:
    """What ``--json`` answers when a command fails. ``place``: dataset, table, column, file and line, null where unknown."""
    return {
        "slug": slug,
        "what": what,
        "remedy": remedy,
        "place": asdict(place or Place()),
        "details": list(details),
        "exit_code": exit_code,
    }


def view_of(error: OpendataError) -> ErrorView:
    """An error of the pipeline for programs."""
    return error_view(error.slug, error.what, error.remedy, error.exit_code, place=error.place, details=error.details)


def print_lines(lines: Iterable[str]) -> None:
    """Lines for people, on standard output."""
    sys.stdout.write("\n".join(lines) + "\n")


def print_json(value: Any) -> None:
    """One JSON value for programs, on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def report(text: str) -> None:
    """A message on standard error, at once."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def report_step(step: str) -> None:
    """A step that begins, on standard error."""
    report(f"  {step} …")


def report_below_step(line: str) -> None:
    """What a long step is doing, on standard error, below the step it belongs to."""
    report(f"    {line}")
