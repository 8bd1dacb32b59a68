"""Protecting the tables of a dataset and attacking the result: the two rooms that share no code, brought together.

Masking applies to all tables of a dataset as soon as one needs it: they share cells, and a cell shown in one table is no
secret in another. The same holds for what earlier releases showed: they are attacked together with the new one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from include.opendata.declaration.annotation import declared_annotation
from include.opendata.declaration.dataset import Dataset
from include.opendata.disclosure import whole_percentages as percentages
from include.opendata.disclosure.attack import SAFE_LP, AttackReport, PublishedView, attack
from include.opendata.disclosure.attack.amounts import recoverable_amounts
from include.opendata.disclosure.attack.measures import in_several_categories, two_measures, within_denominators
from include.opendata.disclosure.attack.published import published_views
from include.opendata.disclosure.attack.readings import agrees, newest_view, views_with_earlier
from include.opendata.disclosure.cells import LinkedCells
from include.opendata.disclosure.history import UPCOMING
from include.opendata.disclosure.history.earlier import Earlier, earlier_figures
from include.opendata.disclosure.history.extents import TableExtents, table_extents
from include.opendata.disclosure.history.joint import joint_cells
from include.opendata.disclosure.history.published import PublishedRelease, PublishedTable
from include.opendata.disclosure.proof_without_truth import without_the_truth
from include.opendata.disclosure.protect.amounts import hide_amounts, refuse_two_roles
from include.opendata.disclosure.protect.continuity import Keep
from include.opendata.disclosure.protect.overlap import persons_told_apart
from include.opendata.disclosure.protect.systems import EVERYDAY, Reasoning
from include.opendata.disclosure.protect.tables import Policy, protect_tables
from include.opendata.disclosure.protection_result import AttackedView, Protection
from include.opendata.errors import AuditFailed, OpendataError, Place, Refused
from include.opendata.progress import say
from include.opendata.rules.release import thresholds
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.vocabulary import DataTable, ProtectedTable

ATTACK_SECONDS = 3600.0
"""An attack that is not done after so long ends: what it has not decided is undecided, and refused."""

KEEPS: tuple[Keep, ...] = ("pattern", "shown", "blanks")
NAMED_AT_MOST = 20


def protect_and_attack(
    declared: Dataset, tables: list[DataTable], *, masked: bool, earlier: Sequence[PublishedRelease] = ()
) -> Protection:
    """Hide, then attack: the result by itself, and together with ``earlier``, everything published before, oldest first.

    Where releases came before, patterns that follow them most closely are tried first. Raises DeclarationError (annotations
    differ), Refused (no safe pattern; an incident; releases that cannot be compared), AuditFailed.
    """

    if percentages.publishes_percentages_only(declared):
        return percentages.protect_percentages(declared, tables, masked=masked, earlier=earlier)
    percentages.refuse_counts_after_percentages(declared, earlier)
    if masked:
        refuse_two_roles(tables, declared.dataset)
    policy = protection_policy(declared)
    tables = persons_told_apart(tables)
    extents = table_extents(declared, [table.structure for table in tables])
    if not earlier:
        return _attempt(declared, tables, policy, extents, masked=masked)
    before = earlier_figures(earlier, tables, extents, dataset=declared.dataset)
    refusal: OpendataError | None = None
    failed: list[tuple[ProtectedTable, ...]] = []
    for keep in KEEPS if masked else KEEPS[:1]:
        try:
            return _attempt(
                declared, tables, policy, extents, masked=masked, earlier=tuple(earlier), before=before, keep=keep,
                failed=failed,
            )  # fmt: skip
        except _AsBefore:
            continue
        except (AuditFailed, Refused) as error:
            if error.slug == "small-cell-already-public":
                raise
            refusal = error if refusal is None or isinstance(error, AuditFailed) else refusal
    assert refusal is not None
    raise refusal


class _AsBefore(Exception):
    """The pattern is one that the attack has broken already."""


def _attempt(
    declared: Dataset,
    tables: list[DataTable],
    policy: Policy,
    extents: dict[str, TableExtents],
    **more: Any,
) -> Protection:
    """Hide and attack; where the attack finds more than was reasoned with, hide anew with what it reasons with.

    At most once for the finest cells and once for measures read together; which it was stands in the facts. What is not
    safe then is refused with what the first attack said.
    """

    reasoning, first = EVERYDAY, None
    while True:
        try:
            return _hidden_and_attacked(declared, tables, policy, extents, reasoning=reasoning, **more)
        except _AsBefore:
            if first is None:
                raise
            raise first from None
        except (AuditFailed, Refused) as refusal:
            if first is not None and isinstance(refusal, Refused):
                raise first from None
            first = first or refusal
            wanted = FOUND_WITH.get(refusal.slug)
            if wanted is None or getattr(reasoning, wanted):
                raise first from None
            say(f"the attack found more than was reasoned with ({refusal.slug}): hiding anew, with {wanted} cells too")
            reasoning = replace(reasoning, **{wanted: True})


FOUND_WITH = {
    "hidden-count-recoverable": "finest",
    "attack-undecided": "finest",
    "recoverable-between-measures": "measures",
}
"""What an attack reasons with, by the slug of what it found (see ``disclosure.systems.Reasoning``)."""


def _hidden_and_attacked(
    declared: Dataset,
    tables: list[DataTable],
    policy: Policy,
    extents: dict[str, TableExtents],
    *,
    masked: bool,
    earlier: tuple[PublishedRelease, ...] = (),
    before: Earlier | None = None,
    keep: Keep = "pattern",
    failed: list[tuple[ProtectedTable, ...]] | None = None,
    reasoning: Reasoning,
) -> Protection:
    protected, systems = protect_tables(
        tables, policy, masked=masked, dataset=declared.dataset, earlier=before, keep=keep, reasoning=reasoning,
        progress=say,
    )  # fmt: skip
    protected, amounts = out_of_reach(declared, protected) if masked else (protected, 0)
    if failed is not None:
        if any(all(a.frame.equals(b.frame) for a, b in zip(protected, other, strict=True)) for other in failed):
            raise _AsBefore
        failed.append(protected)
    verdicts, attacked = attack_published(declared, protected, tables, policy.rule) if masked else ({}, ())
    if earlier:
        attacked += attack_with_earlier(declared, protected, tables, extents, earlier, policy.rule)
    facts = {
        table.structure.table: {
            "annotation": table.annotation,
            "seed": policy.seed if masked else None,
            "cells": table.cells,
            "small": table.small,
            "complementary": table.complementary,
            "unstable": table.unstable,
            "attack": verdicts.get(table.structure.table, {}),
            "amounts": amounts,
            "hidden_anew": sorted(name for name, used in asdict(reasoning).items() if used),
        }
        for table in protected
    }
    return Protection(protected, facts, systems, attacked, extents, tuple(release.release for release in earlier))


AMOUNT_ROUNDS = 12
"""How often further amounts are hidden before the release is refused."""


def out_of_reach(declared: Dataset, protected: tuple[ProtectedTable, ...]) -> tuple[tuple[ProtectedTable, ...], int]:
    """``protected`` with further amounts and means hidden until none that is hidden with its count can be computed; and how
    many rows that took. Raises AuditFailed (``amount-recoverable``)."""

    if not any(m.role in ("amount", "mean") for table in protected for m in table.structure.measures):
        return protected, 0
    now: tuple[ProtectedTable, ...] | None = protected
    found = recoverable_amounts(protected)
    for _ in range(AMOUNT_ROUNDS):
        if not found or now is None:
            break
        now = hide_amounts(now, {(one.table, one.measure, one.row) for one in found})
        found = found if now is None else recoverable_amounts(now)
    if found or now is None:
        sentences = [one.sentence for one in found]
        raise AuditFailed(
            f"{len(found)} hidden amounts or means could be computed from amounts that would be published",
            remedy="Give an amount the same `base` in all tables of the dataset, publish it in one table only, or drop it.",
            slug="amount-recoverable",
            place=Place(dataset=declared.dataset, table=", ".join(sorted({one.table for one in found}))),
            details=tuple(sentences[:NAMED_AT_MOST]),
        )
    return now, sum(
        int((after.frame[m.name].isna() & before.frame[m.name].notna()).sum())
        for before, after in zip(protected, now, strict=True)
        for m in before.structure.measures
        if m.role in ("amount", "mean")
    )


def protection_policy(declared: Dataset) -> Policy:
    """How the tables of a dataset are protected, from its declaration. Raises DeclarationError (annotations differ)."""

    limits = thresholds()
    return Policy(
        annotation=declared_annotation(declared),
        rule=declared.small_cell_rule,
        seed=declared.seed,
        unstable_below=limits.survey.sample_cases_below if declared.survey else None,
    )


def attack_published(
    declared: Dataset, protected: tuple[ProtectedTable, ...], tables: Sequence[DataTable], rule: SmallCellRule
) -> tuple[dict[str, dict[str, int]], tuple[AttackedView, ...]]:
    """Attack what would be published by itself. Per table, the number of blank counts by verdict; and the views attacked.

    ``tables``: the true figures, which the attack does not see; they only keep the truth out of what is stored. Raises
    AuditFailed unless every blank is proven safe; its sentences name cells that are blank anyway, never a count.
    """

    tallies: dict[str, dict[str, int]] = {}
    attacked: list[AttackedView] = []
    views = published_views(protected, rule=rule, dataset=declared.dataset)
    for cells, view in views:
        report = attack(view, seed=declared.seed, seconds=ATTACK_SECONDS, progress=say)
        try:
            report.require_safe()
        except AuditFailed as failed:
            raise _located(failed, declared.dataset, {table for table, _ in cells.rows}) from None
        narrowed = within_denominators(cells, protected, view)
        if narrowed is not None:
            counted = attack(narrowed, seed=declared.seed, seconds=ATTACK_SECONDS, progress=say)
            if not counted.passed:
                raise _between_measures(counted.failures, declared.dataset, {table for table, _ in cells.rows})
        overlapping = in_several_categories(cells, protected, view)
        if overlapping is not None:
            counted = attack(overlapping.view, seed=declared.seed, seconds=ATTACK_SECONDS, progress=say)
            if sentences := overlapping.failures(counted):
                raise _between_categories(sentences, declared.dataset, {table for table, _ in cells.rows})
        verdicts = {finding.cell: finding.verdict for finding in report.cells}
        for (table, _), rows in cells.rows.items():
            tally = Counter(tallies.get(table, {}))
            tally.update(verdicts[cell] for cell in rows.tolist() if view.blank[cell])
            tallies[table] = dict(sorted(tally.items()))
        attacked.append(_kept(cells.identity, "", view, report, _truth(cells, tables), 0))
    for both in two_measures(views):
        report = attack(both.view, seed=declared.seed, seconds=ATTACK_SECONDS, progress=say)
        if sentences := both.failures(report):
            raise _between_measures(sentences, declared.dataset, {t.structure.table for t in protected})
    return tallies, tuple(attacked)


def attack_with_earlier(
    declared: Dataset,
    protected: tuple[ProtectedTable, ...],
    tables: Sequence[DataTable],
    extents: dict[str, TableExtents],
    earlier: Sequence[PublishedRelease],
    rule: SmallCellRule,
) -> tuple[AttackedView, ...]:
    """Attack what would be published together with everything published before. Raises as :func:`attack_published`."""

    attacked: list[AttackedView] = []
    newest = []
    for joint in joint_cells([*earlier, upcoming_release(protected, extents)], dataset=declared.dataset):
        truth = _truth(joint.cells, tables, suffix=f"@{UPCOMING}")
        found = views_with_earlier(joint, rule=rule, dataset=declared.dataset, progress=say)
        newest.append(newest_view(joint, found, rule=rule, dataset=declared.dataset))
        for base, view, set_aside in found:
            report = attack(view, seed=declared.seed, seconds=ATTACK_SECONDS, progress=say)
            if not report.passed:
                raise _together(report, declared.dataset, {table.structure.table for table in protected})
            attacked.append(_kept(joint.cells.identity, base, view, report, truth, set_aside))
    for both in two_measures(newest):
        if not agrees(both.view):
            continue  # a revision of one measure contradicts the other: there is nothing to be read together
        report = attack(both.view, seed=declared.seed, seconds=ATTACK_SECONDS, progress=say)
        if sentences := both.failures(report):
            raise _between_measures(sentences, declared.dataset, {t.structure.table for t in protected})
    return tuple(attacked)


def upcoming_release(protected: Sequence[ProtectedTable], extents: dict[str, TableExtents]) -> PublishedRelease:
    """What would be published, as a release among others."""

    return PublishedRelease(
        UPCOMING,
        tuple(
            PublishedTable.about_to_be(t.structure, extents[t.structure.table], t.annotation, t.frame, t.small_below)
            for t in protected
        ),
    )


def _kept(
    identity: str, base: str, view: PublishedView, report: AttackReport, truth: np.ndarray, set_aside: int
) -> AttackedView:

    kept = without_the_truth(view, report.witnesses, truth)
    by_bounds = tuple(sorted(finding.cell for finding in report.cells if finding.verdict == SAFE_LP))
    return AttackedView(identity, base, view, kept.witnesses, by_bounds, kept.withheld, set_aside)


def _truth(cells: LinkedCells, tables: Sequence[DataTable], suffix: str = "") -> np.ndarray:
    """int64[n]: true counts of the cells that ``tables`` have a row for, -1 elsewhere."""

    truth = np.full(len(cells.keys), -1, dtype=np.int64)
    for table in tables:
        for measure in table.structure.measures:
            rows = cells.rows.get((table.structure.table + suffix, measure.name))
            if rows is not None and measure.identity == cells.identity:
                truth[rows] = table.frame[measure.name].to_numpy(dtype=np.int64)
    return truth


def _between_measures(sentences: Sequence[str], dataset: str, tables: set[str]) -> AuditFailed:
    """What is safe in each measure, and not for whoever knows that persons are no more than records or residents."""
    return _recoverable(
        f"{len(sentences)} hidden counts or groups could be recovered, or could not be decided, by comparing measures: "
        "distinct persons with their records, or counts with what they are counted from",
        "Publish one of the two, or make the table coarser.",
        "recoverable-between-measures", sentences, dataset, tables,
    )  # fmt: skip


def _between_categories(sentences: Sequence[str], dataset: str, tables: set[str]) -> AuditFailed:
    """What is safe where persons do not add up, and not for whoever knows that all are no more than the parts together."""
    return _recoverable(
        f"{len(sentences)} hidden counts of distinct persons could be recovered, or could not be decided: some are in several "
        "categories, and still all of them are no more than the categories together",
        "Declare `annotation: combined`, publish no figure of all of them, or count the records.",
        "recoverable-between-categories", sentences, dataset, tables,
    )  # fmt: skip


def _recoverable(
    what: str, remedy: str, slug: str, sentences: Sequence[str], dataset: str, tables: set[str]
) -> AuditFailed:
    more = (f"… and {len(sentences) - NAMED_AT_MOST} more.",) if len(sentences) > NAMED_AT_MOST else ()
    return AuditFailed(
        what,
        remedy=remedy,
        slug=slug,
        place=Place(dataset=dataset, table=", ".join(sorted(tables))),
        details=(*sentences[:NAMED_AT_MOST], *more),
    )


def _located(failed: AuditFailed, dataset: str, tables: set[str]) -> AuditFailed:
    return AuditFailed(
        failed.what,
        remedy=failed.remedy,
        slug=failed.slug,
        place=Place(dataset=dataset, table=", ".join(sorted(tables))),
        details=failed.details,
    )


def _together(report: AttackReport, dataset: str, tables: set[str]) -> AuditFailed:
    """What is safe by itself, and not for whoever kept the releases before it."""
    sentences = report.failures
    more = (f"… and {len(sentences) - NAMED_AT_MOST} more.",) if len(sentences) > NAMED_AT_MOST else ()
    return AuditFailed(
        f"{report.figures['recoverable']} hidden counts or groups could be recovered by comparing this release with the ones "
        f"published before, and {report.figures['undecided']} could not be decided",
        remedy="Publish a coarser table, whole periods instead of a period to date, or the categories and periods of the "
        "releases before; where earlier figures were revised, ask the data coordinator.",
        slug="recoverable-with-earlier-releases",
        place=Place(dataset=dataset, table=", ".join(sorted(tables))),
        details=(*sentences[:NAMED_AT_MOST], *more),
    )
