"""``bin/opendata protect``: hide small counts in any aggregated table, and what would reveal them.

Decides which engine hides (the general one, or the one for large cubes), what the protected file looks like, and that
nothing is written unless the attack on exactly that file recovers nothing. The file keeps its rows, their order and its
columns; beside the count and everything derived from it stands an annotation (Handbook, Guidelines §3). The evidence file
tells figures, seed and digests, and no hidden value.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from include.opendata.cli.audit_table import Audit, AuditRequest, audit_table
from include.opendata.cli.long_table import LongTable, parse_long_table, read_long_table
from include.opendata.disclosure.protect import CellSystem, Equation, primary, suppress
from include.opendata.disclosure.protect.cube.suppress import suppress_cube
from include.opendata.disclosure.protect.cube.table import Axis, CubeTable
from include.opendata.disclosure.protect.engine import LARGE_FROM
from include.opendata.errors import AuditFailed, DeclarationError, InputError, Place, StorageError
from include.opendata.rules.release import thresholds
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.storage.atomic import write_text
from include.opendata.storage.digests import sha256_of
from include.opendata.vocabulary import ANNOTATION_SUFFIX


@dataclass(frozen=True)
class ProtectRequest:
    """What to protect and how; see ``bin/opendata protect --help``."""

    count: str
    dimensions: tuple[str, ...]
    hierarchies: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    annotation: str = "separate"
    rule: SmallCellRule = field(default_factory=lambda: thresholds().small_cell)
    seed: int = 0


def protect_file(
    path: Path, out: Path, evidence: Path, request: ProtectRequest, *, progress: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """Write the protected table and its evidence; returns the evidence.

    Raises InputError, DeclarationError, Refused (no safe pattern) and AuditFailed; then nothing is written.
    """
    table = read_long_table(path, request.dimensions, request.hierarchies)
    _check_columns(table, request)
    counts, present = _counts(table, request)
    codes, figures = _suppress(table, counts, present, request, progress)
    text = _protected_text(table, codes, request)
    audit = _attacked(text, table, request, progress)
    facts = {
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


def protect_lines(facts: dict[str, Any], out: Path, evidence: Path) -> list[str]:
    """What was done, for people."""
    figures, attacked = facts["suppression"], facts["attack"]
    hidden = figures["small"] + figures["complementary"]
    share = hidden / figures["published"]
    kept = ", ".join(facts["as_they_were"])
    return [
        f"{out}: {facts['output']['rows']:,} rows",
        f"  hidden: {figures['small']:,} small, {figures['complementary']:,} complementary ({share:.1%} of the counts)",
        f"  annotation: {facts['annotation']}; seed {facts['seed']}",
        f"  attacked: {attacked['safe_with_witness'] + attacked['safe_by_lp']:,} blanks proven safe, none recoverable",
        *([f"  as they were: {kept}; name with --derived what is computed from the count"] if kept else []),
        f"  evidence: {evidence}",
    ]


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
    for k, text in enumerate(table.column(request.count)):
        count = table.count(request.count, text, k)
        if count is None:
            raise table.problem("a blank, where a true count is needed", request.count, k, "count-missing")
        given[table.cell[k]] = count
    # combinations of categories without a row are known to be zero
    present = table.leaf.copy()
    present[table.cell] = True
    closed = np.where(table.leaf, given, 0).reshape(table.shape)
    for axis, dimension in enumerate(table.dimensions):
        front = np.moveaxis(closed, axis, 0)
        for node in sorted(set(dimension.parent.tolist()) - {-1}):
            front[node] = front[dimension.parent == node].sum(axis=0)
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
    progress: Callable[[str], None] | None,
) -> tuple[np.ndarray, dict[str, int]]:
    """Per cell 0 shown, 1 small, 2 complementary; and the engine's figures."""
    if len(counts) >= LARGE_FROM:
        return _suppress_cube(table, counts, present, request, progress)

    height = np.zeros(table.shape, dtype=np.int64)
    for axis, dimension in enumerate(table.dimensions):
        inner = sorted(set(dimension.parent.tolist()) - {-1})
        np.moveaxis(height, axis, 0)[inner] += 1
    system = CellSystem(
        values=counts, published=present, keys=table.names(), level=height.ravel(),
        equations=tuple(Equation(total, parts) for total, parts in table.equations()),
    )  # fmt: skip
    found = suppress(
        system, primary(system, request.rule), rule=request.rule, annotation=request.annotation, seed=request.seed
    )
    return found.codes, dict(found.figures)


def _suppress_cube(
    table: LongTable,
    counts: np.ndarray,
    present: np.ndarray,
    request: ProtectRequest,
    progress: Callable[[str], None] | None,
) -> tuple[np.ndarray, dict[str, int]]:

    cube = CubeTable(
        counts.reshape(table.shape),
        tuple(Axis(d.parent) for d in table.dimensions),
        published=present.reshape(table.shape),
    )
    told: set[str] = set()

    def tell(stage: str, share: float) -> None:
        if progress is not None and stage not in told:
            told.add(stage)
            progress(f"suppressing: {stage}")

    found = suppress_cube(cube, rule=request.rule, annotation=request.annotation, seed=request.seed, progress=tell)
    return found.codes.ravel(), dict(found.figures)


def _protected_text(table: LongTable, codes: np.ndarray, request: ProtectRequest) -> str:
    own = codes[table.cell]
    marks = np.where(own == 0, "", "1" if request.annotation == "combined" else own.astype(str)).tolist()
    blanked = {request.count, *request.derived}
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    header: list[str] = []
    for name in table.header:
        header += [name, name + ANNOTATION_SUFFIX] if name in blanked else [name]
    writer.writerow(header)
    for row, mark in zip(table.rows, marks, strict=True):
        line: list[str] = []
        for name, text in zip(table.header, row, strict=True):
            if name in blanked:
                line += ["" if mark else text, mark]
            else:
                line.append(text)
        writer.writerow(line)
    return out.getvalue()


def _attacked(
    text: str, table: LongTable, request: ProtectRequest, progress: Callable[[str], None] | None
) -> Audit:  # fmt: skip
    """Attack what would be written, as a stranger reads it. Raises AuditFailed."""
    published = parse_long_table(text, table.file, request.dimensions, request.hierarchies)
    reading = AuditRequest(
        request.count, request.dimensions, request.hierarchies, request.annotation,
        rule=request.rule,
    )  # fmt: skip
    audit = audit_table(published, reading, seed=request.seed, progress=progress)
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
