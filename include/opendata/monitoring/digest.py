"""One message for each person: everything that is theirs to look at, errors first, and nothing where nothing is wrong.

Plain text and the same as HTML. Names datasets, dates, roles and counts; never a value of a record.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from include.opendata.monitoring.watch import Problem


@dataclass(frozen=True)
class Message:
    """``to``: one address · ``text`` and ``html``: the same words."""

    to: str
    subject: str
    text: str
    html: str


def messages(problems: Sequence[Problem], *, everything_to: Sequence[str] = (), link: str = "") -> list[Message]:
    """One message per person, sorted by address. ``everything_to``: who hears of all datasets, such as the data coordinator;
    they also hear of those whose declaration names no one. ``link``: the overview page, ``{dataset}`` pages below it."""
    people = sorted({*everything_to, *(person for problem in problems for person in problem.people)})
    mails = []
    for person in people:
        theirs = [p for p in problems if person in everything_to or person in p.people]
        if theirs:
            mails.append(Message(person, subject(theirs), text(theirs, link), as_html(theirs, link)))
    return mails


def subject(problems: Sequence[Problem]) -> str:
    """What is wrong, in a line: how many problems of how many datasets."""
    datasets = len({p.dataset for p in problems})
    errors = sum(p.severity == "error" for p in problems)
    counted = f"{errors} problem{'' if errors == 1 else 's'}" if errors else "reminders"
    return f"Open data: {counted} in {datasets} dataset{'' if datasets == 1 else 's'}"


def text(problems: Sequence[Problem], link: str = "") -> str:
    """The problems by dataset, as plain text."""
    lines = [subject(problems) + ".", ""]
    for dataset, theirs in _by_dataset(problems):
        lines += [dataset, *(f"  - {_marked(p)}" for p in theirs)]
        lines += [f"    {link.rstrip('/')}/datasets/{dataset}"] if link else []
        lines.append("")
    return "\n".join(lines)


def as_html(problems: Sequence[Problem], link: str = "") -> str:
    """The problems by dataset, as HTML without anything from outside."""
    parts = [f"<p>{html.escape(subject(problems))}.</p>"]
    for dataset, theirs in _by_dataset(problems):
        name = html.escape(dataset)
        page = html.escape(f"{link.rstrip('/')}/datasets/{dataset}", quote=True)
        parts.append(f'<h3><a href="{page}">{name}</a></h3>' if link else f"<h3>{name}</h3>")
        parts.append("<ul>" + "".join(f"<li>{html.escape(_marked(p))}</li>" for p in theirs) + "</ul>")
    return "\n".join(parts)


def _by_dataset(problems: Sequence[Problem]) -> list[tuple[str, list[Problem]]]:
    grouped: dict[str, list[Problem]] = {}
    for problem in problems:
        grouped.setdefault(problem.dataset, []).append(problem)
    return list(grouped.items())


def _marked(problem: Problem) -> str:
    return problem.sentence if problem.severity == "error" else f"(reminder) {problem.sentence}"
