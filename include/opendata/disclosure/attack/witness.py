"""Tables an attacker cannot exclude, kept as the proof that a release is safe.

Decides whether stored tables really prove what they are kept for, by arithmetic alone: no solver, no search, nothing from
the code that found them. Each witness is one whole-number value per cell that is not shown; together with the shown
values it must satisfy every equation and every bound. Two witnesses that differ enough in a cell prove that cell.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from include.opendata.disclosure.attack.view import PublishedView
from include.opendata.disclosure.cell_states import ABSENT, CODE_COMPLEMENTARY, SHOWN
from include.opendata.errors import InputError


@dataclass(frozen=True, repr=False, eq=False)
class Witnesses:
    """``cells`` int64[m]: indices of the cells not shown; ``tables`` int64[k, m]: one candidate table per row."""

    cells: np.ndarray
    tables: np.ndarray

    def __repr__(self) -> str:
        return f"Witnesses({len(self.tables)} tables of {len(self.cells)} cells)"

    def to_bytes(self) -> bytes:
        """Compressed ``.npz``; the same witnesses always give the same bytes."""
        out = io.BytesIO()
        largest = int(self.tables.max(initial=0))
        np.savez_compressed(out, cells=self.cells.astype("<i8"), tables=self.tables.astype(np.min_scalar_type(largest)))
        return out.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Witnesses:
        """Raises :class:`InputError` if the bytes are not stored witnesses."""
        try:
            with np.load(io.BytesIO(stored), allow_pickle=False) as parts:
                return cls(parts["cells"].astype(np.int64), parts["tables"].astype(np.int64))
        except (ValueError, KeyError, OSError, EOFError) as broken:
            raise InputError(
                "The stored proof cannot be read.",
                remedy="Restore it from the evidence store, or run the attack again.",
                slug="proof-unreadable",
            ) from broken


@dataclass(frozen=True)
class Verification:
    """``agree``: every table fits everything published. ``unproven``: blanks that can be small and for which no two
    tables differ enough (they rest on another argument, or on none). ``problems``: sentences without values."""

    agree: bool
    unproven: tuple[int, ...]
    problems: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether the tables alone prove every blank that can be small."""
        return self.agree and not self.unproven


def verify_witnesses(view: PublishedView, witnesses: Witnesses) -> Verification:
    """Re-check stored witnesses against what is published, and list what they do not prove.

    A table that does not agree is reported and counts for nothing.
    """
    hidden = np.flatnonzero(view.state != SHOWN)
    fits_shape = witnesses.tables.ndim == 2 and witnesses.tables.shape[1:] == witnesses.cells.shape
    if not fits_shape or not np.array_equal(np.sort(witnesses.cells), hidden):
        return Verification(False, tuple(_can_be_small(view)), ("The tables are not about the cells hidden here.",))
    tables = _agreeing(view, witnesses)
    bad = len(witnesses.tables) - len(tables)
    problems = (f"{bad} of {len(witnesses.tables)} tables contradict what is published.",) if bad else ()
    wide = np.ptp(np.stack(tables), axis=0) >= view.rule.width if tables else np.zeros(view.size, dtype=bool)
    unproven = tuple(c for c in _can_be_small(view) if not wide[c])
    return Verification(not bad and (bool(tables) or not unproven), unproven, problems)


def _agreeing(view: PublishedView, witnesses: Witnesses) -> list[np.ndarray]:
    """The witnesses as whole tables (int64[n]), as far as they satisfy every bound and every equation."""
    low, high = view.bounds()
    tables = (_filled(view, witnesses.cells, row) for row in witnesses.tables)
    return [table for table in tables if bool(((table >= low) & (table <= high)).all()) and _balanced(view, table)]


def _filled(view: PublishedView, cells: np.ndarray, row: np.ndarray) -> np.ndarray:
    """int64[n]: a witness's values of ``cells``, and those that are shown."""
    table = view.value.copy()
    table[cells] = row
    return table


def _balanced(view: PublishedView, table: np.ndarray) -> bool:
    return all(table[parent] == table[list(children)].sum() for parent, children in view.equations)


def _can_be_small(view: PublishedView) -> list[int]:
    """Blanks that their code does not call large; cells in no table are not blanks."""
    return np.flatnonzero(~np.isin(view.state, (SHOWN, ABSENT, CODE_COMPLEMENTARY))).tolist()


def fewest(tables: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Drop tables whose loss narrows no column below ``widths`` int64[m] (or below what all of them reach)."""
    kept = list(range(len(tables)))
    goal = np.minimum(tables.max(axis=0) - tables.min(axis=0), widths) if len(tables) else widths
    for i in reversed(range(len(tables))):
        rest = [k for k in kept if k != i]
        if rest and (np.ptp(tables[rest], axis=0) >= goal).all():
            kept = rest
    return tables[kept]
