"""Writes docs/errors.md from the errors in the source, so that the page cannot fall behind; a test keeps it current."""

from __future__ import annotations

import inspect
import re
from itertools import groupby
from pathlib import Path

from dev.error_slugs import HOLE, ROOT, RaisedError, raised_errors
from include.opendata import errors

PAGE = ROOT / "docs" / "errors.md"

HEAD = """\
# Errors

Every error says what is wrong, what to do, and where. With `--json` a command that fails answers with one object on
standard output:

    {"slug": "no-rows", "what": "…", "remedy": "…", "place": {"dataset": "…", "table": "…", "column": null, "file": null,
     "line": null}, "details": ["…"], "exit_code": 3}

`slug` is stable and meant for programs; the sentences are meant for people and may change. No member holds a value of a
record. An … below stands for a name or a number of the actual case.

Three slugs are those of the command line itself: `usage` (exit code 2: the arguments cannot be used), `interrupted`
(130: stopped by the person at the keyboard) and `unexpected` (1: a defect of the pipeline or of its surroundings; the
remedy names the log in the private work area, which alone may quote records).

This page is written from the source by `python -m dev.errors_page`.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    by_kind = sorted(raised_errors(), key=lambda error: (error.exit_code, error.kind, error.slug))
    for (exit_code, kind), group in groupby(by_kind, key=lambda error: (error.exit_code, error.kind)):
        parts.append(_section(kind, exit_code, list(group)))
    return "\n".join(parts)


def _section(kind: str, exit_code: int, raised: list[RaisedError]) -> str:
    described = inspect.getdoc(getattr(errors, kind, None)) or "An error that a single part of the pipeline raises."
    lines = [f"## {kind} (exit code {exit_code})", "", described.replace("\n", " "), ""]
    lines += ["| slug | what is wrong | what to do |", "| --- | --- | --- |"]
    for slug, group in groupby(raised, key=lambda error: error.slug):
        ways = list(group)
        what, remedy = ("<br>".join(dict.fromkeys(_cell(text) for text in texts)) for texts in _texts(ways))
        lines.append(f"| `{slug}` | {what} | {remedy} |")
    return "\n".join([*lines, ""])


def _texts(ways: list[RaisedError]) -> tuple[list[str], list[str]]:
    return [error.what for error in ways], [error.remedy for error in ways]


def _cell(text: str) -> str:
    return re.sub(r"\{\w+\}", HOLE, " ".join(text.split())).replace("|", "\\|")


def write(path: Path = PAGE) -> None:
    """Write the page."""
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
