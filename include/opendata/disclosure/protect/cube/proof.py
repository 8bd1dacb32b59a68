"""The proof that a pattern is safe: whole-number tables an attacker cannot tell apart, kept and checked.

Every stored table agrees with everything published. If two of them are the rule's width apart in a cell, no one can narrow
that cell further by any method. The check trusts nothing of the search: it adds each table up again, compares it with all
published cells, checks bounds, and measures how far the tables lie apart. The true table is never among them; they are
private all the same, since together they say how large a count roughly is.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass, field

import numpy as np

from include.opendata.disclosure.protect.cube.bounds import Known, attacker_bounds, narrowed, wanted_width
from include.opendata.disclosure.protect.cube.table import close, leaves_of
from include.opendata.disclosure.protect.derived import SHOWN
from include.opendata.errors import InputError
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.storage.digests import RunningDigest

_MAGIC = b"CUBEPRF1"


@dataclass(frozen=True)
class CubeProof:
    """``tables`` int64[tables, cells]: in each stored table the values of ``cells`` (int64, ascending positions in the
    flattened cube): all that are blank or in no table. ``shape``: of the cube."""

    shape: tuple[int, ...]
    cells: np.ndarray = field(repr=False)
    tables: np.ndarray = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of what the proof says, whatever compressed it."""
        body = RunningDigest()
        body.update(json.dumps([self.shape, self.tables.shape]).encode())
        body.update(self.cells.astype("<i8").tobytes())
        body.update(np.ascontiguousarray(self.tables).astype("<i8").tobytes())
        return body.sha256

    def to_bytes(self) -> bytes:
        """Compressed: the first table, then what every other adds to it."""
        steps = self.tables.copy()
        steps[1:] -= steps[:1].copy()
        kind = next(k for k in ("<i1", "<i2", "<i4", "<i8") if _fits(steps[1:], k))
        head = json.dumps({"shape": self.shape, "tables": len(steps), "cells": len(self.cells), "kind": kind}).encode()
        body = self.cells.astype("<i8").tobytes() + steps[:1].astype("<i8").tobytes() + steps[1:].astype(kind).tobytes()
        return _MAGIC + struct.pack("<I", len(head)) + head + zlib.compress(body, 9)

    @classmethod
    def from_bytes(cls, stored: bytes) -> CubeProof:
        """Raises :class:`InputError` with slug "proof-unreadable"."""
        try:
            if stored[:8] != _MAGIC:
                raise ValueError("not a proof")
            (length,) = struct.unpack("<I", stored[8:12])
            head = json.loads(stored[12 : 12 + length])
            body = zlib.decompress(stored[12 + length :])
            cells, tables = int(head["cells"]), int(head["tables"])
            places = np.frombuffer(body, "<i8", cells)
            first = np.frombuffer(body, "<i8", cells * min(tables, 1), 8 * cells).reshape(-1, cells)
            start = 8 * cells * (1 + min(tables, 1))
            rest = np.frombuffer(body, head["kind"], cells * max(tables - 1, 0), start).reshape(-1, cells)
            if start + rest.nbytes != len(body):
                raise ValueError("trailing bytes")
        except (ValueError, KeyError, TypeError, struct.error, zlib.error) as broken:
            raise InputError(
                "the stored proof cannot be read",
                remedy="Take the proof from the evidence store's backup; a release without a proof cannot be re-checked.",
                slug="proof-unreadable",
            ) from broken
        tables_found = np.concatenate([first, rest.astype(np.int64) + first]) if tables else first
        return cls(tuple(head["shape"]), places.astype(np.int64), tables_found.astype(np.int64))


def _fits(values: np.ndarray, kind: str) -> bool:
    limits = np.iinfo(np.dtype(kind))
    return bool(values.size == 0 or (values.min() >= limits.min and values.max() <= limits.max))


@dataclass(frozen=True)
class ProofCheck:
    """``tables`` stored, of which ``disagreeing`` contradict what is published; ``unproven`` cells and ``open_sums``
    groups whose hidden sum is small and the same in all tables. ``cells`` int64: positions of the unproven."""

    tables: int
    disagreeing: int
    unproven: int
    open_sums: int
    cells: np.ndarray = field(repr=False)

    @property
    def passed(self) -> bool:
        """Whether every cell and group is proven, and no table contradicts what is published."""
        return self.disagreeing == 0 and self.unproven == 0 and self.open_sums == 0


def verify_proof(known: Known, proof: CubeProof) -> ProofCheck:
    """Check ``proof`` against what is public, and nothing else.

    A cell is proven if two agreeing tables are as far apart in it as :func:`wanted_width` asks; a cell in no table also
    if it may be 0. No table is needed for a cell that what is shown already bounds to be never small, or to be 0.
    """
    blank = known.published & (known.codes != SHOWN)
    free = np.flatnonzero(blank | ~known.published)
    whole = proof.tables.dtype.kind == "i"
    if proof.shape != known.values.shape or not np.array_equal(proof.cells, free) or not whole:
        return ProofCheck(len(proof.tables), len(proof.tables) or 1, len(free), 0, free)
    low, high = attacker_bounds(known)
    shown = np.where(known.published & ~blank, known.values, 0)
    good = np.zeros(len(proof.tables), dtype=bool)
    least = np.full(known.values.size, 1 << 60, dtype=np.int64)
    most = np.full(known.values.size, -1, dtype=np.int64)
    sums = _HiddenSums(known, blank)
    for t, stored in enumerate(proof.tables):
        table = shown.copy()
        table.reshape(-1)[free] = stored
        agrees = bool(((table >= low) & (table <= high)).all())
        good[t] = agrees and bool((close(leaves_of(table, known.axes), known.axes) == table).all())
        if good[t]:
            np.minimum(least, table.reshape(-1), out=least)
            np.maximum(most, table.reshape(-1), out=most)
            sums.add(table)
    width = wanted_width(known).reshape(-1)
    unproven = (width > 0) & (most - least < width)
    unproven &= ~(~known.published.reshape(-1) & (least == 0))
    if unproven.any():
        surely, at_most = narrowed(low, high, known.axes)
        unproven &= ((surely < known.rule.below) & (at_most > 0)).reshape(-1)
    return ProofCheck(
        len(proof.tables), int((~good).sum()), int(unproven.sum()), sums.open(known.rule), np.flatnonzero(unproven)
    )


class _HiddenSums:
    """Smallest and largest hidden sum of every group over the tables seen (DDG 2.0 §4.4.1 (6))."""

    def __init__(self, known: Known, blank: np.ndarray):
        self.unknown = blank | ~known.published
        self.axes = known.axes
        self.least: dict[tuple[int, int], np.ndarray] = {}
        self.most: dict[tuple[int, int], np.ndarray] = {}

    def add(self, table: np.ndarray) -> None:
        hidden = np.where(self.unknown, table, 0)
        for a, axis in enumerate(self.axes):
            front = np.moveaxis(hidden, a, 0)
            for node, parts in axis.children:
                total = np.atleast_1d(front[parts].sum(axis=0))
                key = (a, node)
                if key in self.least:
                    np.minimum(self.least[key], total, out=self.least[key])
                    np.maximum(self.most[key], total, out=self.most[key])
                else:
                    self.least[key], self.most[key] = total.copy(), total.copy()

    def open(self, rule: SmallCellRule) -> int:
        """Groups whose hidden sum is the same in every table, and small."""
        return sum(
            int(((least == self.most[key]) & (least >= 1) & (least < rule.below)).sum())
            for key, least in self.least.items()
        )
