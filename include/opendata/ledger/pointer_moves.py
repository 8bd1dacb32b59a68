"""The ledger's record of which release was made the current one, by whom and why.

A publication is recorded once it is done. A rollback, a restoration and a removal are recorded before they are begun and
again when they are done, so that one that was killed in between is seen, and finished or set aside, by whoever comes next.
Which releases count as withdrawn follows from these rows alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from include.opendata.ledger.schema import POINTER_MOVES
from include.opendata.storage.clock import stamp
from include.opendata.storage.staging_address import same_place

Action = Literal["publish", "rollback", "restore", "prune"]


@dataclass(frozen=True)
class PointerMove:
    """One row of ``pointer_moves``. ``action``: *rollback* to an older release, *restore* of one that was rolled back from,
    *prune*: ``from_release`` was deleted · ``by``: a run or a person · ``done_at``: None while it is not known to be done."""

    dataset: str
    staging: str
    action: Action
    from_release: str | None
    to_release: str | None
    by: str
    reason: str = ""
    asked_at: str = ""
    done_at: str | None = None
    id: int | None = None


class PointerMoves:
    """Reads and writes ``pointer_moves``; made by :attr:`Ledger.pointer_moves`."""

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[sa.Connection]],
        writing: Callable[[], AbstractContextManager[sa.Connection]],
    ):
        self._reading, self._writing = reading, writing

    def ask(self, move: PointerMove) -> int:
        """Record what is about to be done; the row's id, for :meth:`done` or :meth:`set_aside`."""
        with self._writing() as connection:
            return self._insert(connection, move, None)

    def done(self, id: int, move: PointerMove) -> None:
        """Record that it was done; also when it was set aside meanwhile."""
        with self._writing() as connection:
            row = sa.update(POINTER_MOVES).where(POINTER_MOVES.c.id == id).values(done_at=stamp())
            if not connection.execute(row).rowcount:
                self._insert(connection, move, stamp())

    def set_aside(self, id: int) -> None:
        """Forget what was asked for and never happened."""
        with self._writing() as connection:
            connection.execute(
                sa.delete(POINTER_MOVES).where(POINTER_MOVES.c.id == id, POINTER_MOVES.c.done_at.is_(None))
            )

    def record_publication(self, move: PointerMove) -> None:
        """Record a publication, unless the pointer is known to have come to that release last."""
        with self._writing() as connection:
            finished = [
                earlier
                for earlier in self._moves(connection, move.dataset, move.staging)
                if earlier.done_at is not None and earlier.action != "prune"
            ]
            if not finished or finished[-1].to_release != move.to_release:
                self._insert(connection, move, stamp())

    def of(self, dataset: str, staging: str) -> list[PointerMove]:
        """The moves of a dataset's pointer at a staging place in the order they were asked for."""
        with self._reading() as connection:
            return self._moves(connection, dataset, staging)

    @staticmethod
    def _moves(connection: sa.Connection, dataset: str, staging: str) -> list[PointerMove]:
        query = sa.select(POINTER_MOVES).where(POINTER_MOVES.c.dataset == dataset).order_by(POINTER_MOVES.c.id)
        moves = (PointerMove(**row._mapping) for row in connection.execute(query))
        return [move for move in moves if same_place(move.staging, staging)]

    @staticmethod
    def _insert(connection: sa.Connection, move: PointerMove, done_at: str | None) -> int:
        values = {k: v for k, v in vars(move).items() if k != "id"} | {"asked_at": stamp(), "done_at": done_at}
        key = connection.execute(sa.insert(POINTER_MOVES).values(**values)).inserted_primary_key
        if key is None:
            raise RuntimeError("the ledger gave no key to what was recorded")
        return int(key[0])


def withdrawn(moves: Sequence[PointerMove], previous: Mapping[str, str | None]) -> dict[str, PointerMove]:
    """Release → the rollback that withdrew it. ``previous``: release → the one it followed.

    A rollback withdraws the release it leaves and those between it and its target: the target is the last good one. To
    restore a release says that it and those before it were good after all. A release that becomes the current one again is
    withdrawn no more.
    """
    found: dict[str, PointerMove] = {}
    for move in moves:
        if move.done_at is None or move.action == "prune" or move.to_release is None:
            continue
        if move.action == "rollback" and move.from_release is not None:
            line = line_of(move.from_release, previous)
            left = line[: line.index(move.to_release)] if move.to_release in line else [move.from_release]
            found |= dict.fromkeys(left, move)
        elif move.action == "restore":
            for release in line_of(move.to_release, previous):
                found.pop(release, None)
        found.pop(move.to_release, None)
    return found


def line_of(release: str, previous: Mapping[str, str | None]) -> list[str]:
    """The release and those before it, the nearest first."""
    line: list[str] = []
    at: str | None = release
    while at is not None and at not in line:
        line.append(at)
        at = previous.get(at)
    return line
