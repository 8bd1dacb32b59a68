"""Hides small counts in any aggregated table, and what would reveal them.

Decides what the protected file looks like, and that nothing is written unless the attack on exactly that file recovers
nothing. The file keeps its rows, their order and its columns; beside the count and everything derived from it stands an
annotation (Handbook, Guidelines §3). The evidence file tells figures, seed and digests, and no hidden value.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np

from include.opendata.disclosure.long_tables.audit import Audit, audit_records
from include.opendata.disclosure.long_tables.reading import read_long_table
from include.opendata.disclosure.long_tables.records import records_of_text
from include.opendata.disclosure.long_tables.request import AuditRequest
from include.opendata.disclosure.long_tables.table import LongTable
from include.opendata.disclosure.protect import CellSystem, Equation, primary, suppress
from include.opendata.disclosure.protect.cube.suppress import suppress_cube
from include.opendata.disclosure.protect.cube.table import Axis, CubeTable
from include.opendata.disclosure.protect.engine import LARGE_FROM
from include.opendata.errors import AuditFailed, DeclarationError, InputError, Place, StorageError
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.storage.atomic import write_text
from include.opendata.storage.digests import sha256_of
from include.opendata.vocabulary import ANNOTATION_SUFFIX

Progress = Callable[[str], None]


class FileFacts(TypedDict):
    """A file that was read or written."""

    sha256: str
    rows: int


class ProtectionFacts(TypedDict):
    """What the evidence file tells. ``as_they_were``: columns that were neither labels nor blank where the count is ·
    ``suppression``, ``attack``: numbers of cells."""

    input: FileFacts
    output: FileFacts
    count: str
    derived: list[str]
    as_they_were: list[str]
    dimensions: list[str]
    annotation: str
    threshold: int
    min_width: int
    seed: int
    suppression: dict[str, int]
    attack: dict[str, int]


@dataclass(frozen=True)
class ProtectRequest:
    """What to protect and how; see ``bin/opendata protect --help``."""

    count: str
    dimensions: tuple[str, ...]
    rule: SmallCellRule
    hierarchies: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    annotation: str = "separate"
    seed: int = 0


def protect_file(
    path: Path, out: Path, evidence: Path, request: ProtectRequest, *, progress: Progress | None = None
) -> ProtectionFacts:
    """Write the protected table and its evidence; returns the evidence.

    Raises InputError, DeclarationError, Refused (no safe pattern) and AuditFailed; then nothing is written.
    """
    table = read_long_table(path, request.dimensions, request.hierarchies)
    _check_columns(table, request)
    counts, present = _counts(table, request)
    codes, figures = _suppress(table, counts, present, request, progress)
    text = _protected_text(table, codes, request)
    audit = _attacked(text, table, request, progress)
    facts: ProtectionFacts = {
        "input": {"sha256": sha256_of(path.read_bytes()), "rows": len(table.rows)},
        "output": {"sha256": sha256_of(text.encode()), "rows": len(table.rows)},
        "count": request.count,
        "derived": list(request.derived),
        "as_they_were": _as_they_were(table, request),
        "dimensions": list(request.dimensions),
        "annotation": request.annotation,
        "threshold": request.rule.below,
        "min_width": request.rule.width,
        "seed": request.seed,
        "suppression": figures,
        "attack": {**audit.report.figures, "witness_tables": len(audit.report.witnesses.tables)},
    }
    _write(out, text)
    _write(evidence, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    return facts


def _as_they_were(table: LongTable, request: ProtectRequest) -> list[str]:
    """Columns that are neither labels nor blank where the count is: the attack did not look at them."""
    known = {request.count, *request.derived, *(d.column for d in table.dimensions)}
    return [column for column in table.header if column not in known]


def _check_columns(table: LongTable, request: ProtectRequest) -> None:
    if request.annotation not in ("separate", "combined"):
        raise DeclarationError(
            "the annotation is neither separate nor combined",
            remedy="Give --annotation separate or combined.", slug="bad-annotation",
        )  # fmt: skip
    named = {d.column for d in table.dimensions}
    for column in (request.count, *request.derived):
        table.column(column)
        if column in named or column + ANNOTATION_SUFFIX in table.header:
            raise DeclarationError(
                "this column is a dimension, or has an annotation already",
                remedy="Protect the table with its true counts, as it was before any suppression.",
                slug="bad-count-column", place=Place(file=table.file, column=column),
            )  # fmt: skip


def _counts(table: LongTable, request: ProtectRequest) -> tuple[np.ndarray, np.ndarray]:
    """True counts of every cell (int64), and which are in the table. Raises InputError where a total is not its parts."""
    given = np.zeros(int(np.prod(table.shape)), dtype=np.int64)
    for row, count in enumerate(table.counts(request.count)):
        if count is None:
            raise table.problem("a blank, where a true count is needed", request.count, row, "count-missing")
        given[table.cell[row]] = count
    # combinations of categories without a row are known to be zero
    present = table.leaf.copy()
    present[table.cell] = True
    closed = np.where(table.leaf, given, 0).reshape(table.shape)
    for axis, dimension in enumerate(table.dimensions):
        front = np.moveaxis(closed, axis, 0)
        for node in dimension.sums:
            front[node] = front[dimension.parts(node)].sum(axis=0)
    closed = closed.ravel()
    wrong = np.flatnonzero(closed[table.cell] != given[table.cell])
    if len(wrong):
        raise InputError(
            f"{len(wrong)} totals are not the sum of their parts; the first is here",
            remedy="Add the categories that are missing, name a hierarchy, or correct the total.",
            slug="totals-do-not-add-up",
            place=Place(file=table.file, line=table.lines[int(wrong[0])], column=request.count),
        )
    return closed, present


def _suppress(
    table: LongTable,
    counts: np.ndarray,
    present: np.ndarray,
    request: ProtectRequest,
    progress: Progress | None,
) -> tuple[np.ndarray, dict[str, int]]:
    """Per cell 0 shown, 1 small, 2 complementary; and the engine's figures."""
    if len(counts) >= LARGE_FROM:  # as in a refresh; a table in long form is always a cube
        return _suppress_cube(table, counts, present, request, progress)
    height = np.zeros(table.shape, dtype=np.int64)
    for axis, dimension in enumerate(table.dimensions):
        np.moveaxis(height, axis, 0)[dimension.sums] += 1
    system = CellSystem(
        values=counts, published=present, keys=table.names(), level=height.ravel(),
        equations=tuple(Equation(total, parts) for total, parts in table.equations()),
    )  # fmt: skip
    pattern = suppress(
        system, primary(system, request.rule), rule=request.rule, annotation=request.annotation, seed=request.seed
    )
    return pattern.codes, dict(pattern.figures)


def _suppress_cube(
    table: LongTable,
    counts: np.ndarray,
    present: np.ndarray,
    request: ProtectRequest,
    progress: Progress | None,
) -> tuple[np.ndarray, dict[str, int]]:
    cube = CubeTable(
        counts.reshape(table.shape),
        tuple(Axis(d.parent) for d in table.dimensions),
        published=present.reshape(table.shape),
    )
    reported: set[str] = set()

    def report(stage: str, share: float) -> None:
        if progress is not None and stage not in reported:
            reported.add(stage)
            progress(f"suppressing: {stage}")

    pattern = suppress_cube(cube, rule=request.rule, annotation=request.annotation, seed=request.seed, progress=report)
    return pattern.codes.ravel(), dict(pattern.figures)


def _protected_text(table: LongTable, codes: np.ndarray, request: ProtectRequest) -> str:
    """The file as it will be published: blanks, and a code beside the count and everything derived from it."""
    row_codes = codes[table.cell]
    marks = np.where(row_codes == 0, "", "1" if request.annotation == "combined" else row_codes.astype(str)).tolist()
    blanked = [name in (request.count, *request.derived) for name in table.header]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    names = [
        [name, name + ANNOTATION_SUFFIX] if with_code else [name]
        for name, with_code in zip(table.header, blanked, strict=True)
    ]
    writer.writerow([name for pair in names for name in pair])
    writer.writerows(_row(row, mark, blanked) for row, mark in zip(table.rows, marks, strict=True))
    return out.getvalue()


def _header(names: tuple[str, ...], blanked: list[bool]) -> Iterator[str]:
    for name, with_code in zip(names, blanked, strict=True):
        yield name
        if with_code:
            yield name + ANNOTATION_SUFFIX


def _row(row: tuple[str, ...], mark: str, blanked: list[bool]) -> Iterator[str]:
    for text, with_code in zip(row, blanked, strict=True):
        yield "" if mark and with_code else text
        if with_code:
            yield mark


def _attacked(
    text: str, table: LongTable, request: ProtectRequest, progress: Progress | None
) -> Audit:  # fmt: skip
    """Attack what would be written, as an attacker reads it. Raises AuditFailed."""
    reading = AuditRequest(
        (request.count,),
        request.dimensions,
        request.rule,
        request.hierarchies,
        annotation=request.annotation,
        search=False,
    )
    audit = audit_records([records_of_text(text, table.file)], reading, seed=request.seed, progress=progress)
    try:
        audit.report.require_safe()
    except AuditFailed as failed:
        raise AuditFailed(
            failed.what, remedy=failed.remedy, slug=failed.slug, place=Place(file=table.file), details=failed.details
        ) from None
    return audit


def _write(path: Path, text: str) -> None:
    """The whole file or none of it."""
    try:
        write_text(path, text)
    except OSError as broken:
        raise StorageError(
            f"the file cannot be written ({broken.strerror})",
            remedy="Check the folder and its permissions.", slug="file-unwritable", place=Place(file=str(path)),
        ) from broken  # fmt: skip
