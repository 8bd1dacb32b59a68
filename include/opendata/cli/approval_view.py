"""What ``approve`` and ``approvals`` show: what is asked, the status of each role, and every answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from include.opendata.cli.output import print_json, print_lines
from include.opendata.ledger.approvals import Answer
from include.opendata.pipeline.approvals import Position


def print_position(dataset: str, position: Position | None, answers: Sequence[Answer], *, as_json: bool) -> None:
    """Answer with where a dataset stands with its approvers; ``position`` None: nothing was put before them yet."""
    if as_json:
        print_json({"dataset": dataset, "asked": _asked(position), "answers": [asdict(answer) for answer in answers]})
        return
    lines = _position_lines(position) if position else [
        f"Nothing of {dataset} was put before its approvers yet: `bin/opendata preview {dataset}` does."
    ]  # fmt: skip
    if answers:
        lines += ["", "every answer, the oldest first:", *map(_answer_line, answers)]
    print_lines(lines)


def _asked(position: Position | None) -> dict[str, object] | None:
    if position is None:
        return None
    request = position.request
    return {
        "digest": request.digest,
        "run": request.run_id,
        "level": request.level,
        "asked_at": request.asked_at,
        "answer_by": request.answer_by,
        "changes": None if position.changes is None else list(position.changes),
        "roles": [{"role": s.role, "state": s.state, "sentence": s.sentence} for s in position.role_statuses],
    }


def _position_lines(position: Position) -> list[str]:
    request = position.request
    lines = [
        f"{request.dataset}: level {request.level}; to be approved: {request.digest[:12]} (asked {request.asked_at})"
    ]
    if position.changes:
        lines += ["  changed since everything was last approved:", *(f"    - {c}" for c in position.changes)]
    elif position.changes is None:
        lines.append("  it was never approved by all roles before")
    return lines + [f"  {s.sentence}" for s in position.role_statuses]


def _answer_line(answer: Answer) -> str:
    choice = answer.choice + ("d" if answer.choice == "approve" else "ed")
    reference = f", {answer.reference}" if answer.reference else ""
    until = f", until {answer.expires_on}" if answer.expires_on else ""
    comment = f": {answer.comment}" if answer.comment else ""
    return (
        f"  {answer.given_on[:10]}  {choice:<9} {answer.role:<20} {answer.name} ({answer.via}{reference})"
        f" of {answer.digest[:12]}{until}{comment}"
    )
