"""Protecting the tables of a dataset and attacking the result: the two rooms that share no code, brought together.

Masking applies to all tables of a dataset as soon as one needs it: they share cells, and a cell shown in one table is no
secret in another. The same holds for what earlier releases showed: they are attacked together with the new one.

Where an attack finds more than was reasoned with, the counts are hidden again with what it reasons with; where a pattern
that follows earlier releases does not withstand them, a looser one is tried. What hides is ``protect``, what attacks
``release_attack``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from include.opendata.declaration.dataset import Dataset
from include.opendata.disclosure import whole_percentages as percentages
from include.opendata.disclosure.agency.refusals import small_counts_shown
from include.opendata.disclosure.agency.together import dataset_of
from include.opendata.disclosure.computable_amounts import hide_computable_amounts
from include.opendata.disclosure.history.earlier import Earlier, earlier_figures
from include.opendata.disclosure.history.extents import TableExtents, table_extents
from include.opendata.disclosure.history.published import PublishedRelease
from include.opendata.disclosure.protect.amounts import refuse_two_roles
from include.opendata.disclosure.protect.continuity import Follow, Keep
from include.opendata.disclosure.protect.overlap import persons_told_apart
from include.opendata.disclosure.protect.systems import EVERYDAY, Reasoning
from include.opendata.disclosure.protect.tables import Policy, protect_tables
from include.opendata.disclosure.protection_result import AttackedView, Protection, TableFacts
from include.opendata.disclosure.release_attack import (
    Verdicts,
    attack_published,
    attack_with_earlier,
    attack_with_others,
)
from include.opendata.errors import AuditFailed, DeclarationError, OpendataError, Place, Refused
from include.opendata.progress import report as progress
from include.opendata.rules.release import thresholds
from include.opendata.vocabulary import DataTable, ProtectedTable

KEEPS: tuple[Keep, ...] = ("pattern", "shown", "blanks")
"""How closely earlier releases are followed, in the order in which it is tried."""

FOUND_WITH = {
    "hidden-count-recoverable": "finest",
    "attack-undecided": "finest",
    "recoverable-between-measures": "measures",
}
"""What an attack reasons with (a field of ``Reasoning``), by the slug of what it found."""


@dataclass(frozen=True)
class _Task:
    """What is protected, how, and what was published: ``earlier`` of it, and of the same records by ``others``; ``before``:
    the figures that all of these showed of it."""

    declared: Dataset
    tables: Sequence[DataTable]
    policy: Policy
    extents: dict[str, TableExtents]
    masked: bool
    earlier: tuple[PublishedRelease, ...] = ()
    others: tuple[PublishedRelease, ...] = ()
    before: Earlier | None = None


Pattern = tuple[ProtectedTable, ...]


class _BrokenBefore(Exception):
    """The pattern is one that the attack has broken already."""


def protect_and_attack(
    declared: Dataset,
    tables: list[DataTable],
    *,
    masked: bool,
    earlier: Sequence[PublishedRelease] = (),
    others: Sequence[PublishedRelease] = (),
) -> Protection:
    """Hide, then attack: the result by itself, and together with ``earlier``, everything published before, oldest first, and
    with ``others``, what other datasets published of the same records (``agency.restate``).

    Where releases came before, patterns that follow them most closely are tried first. Tables that need no masking by
    themselves are masked where shown in full they would give away what ``others`` hide. Raises DeclarationError (annotations
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
    task = _Task(declared, tables, policy, extents, masked)
    if not (earlier or others):
        return _attempt(task, "pattern", [])
    before = earlier_figures([*others, *earlier], tables, extents, dataset=declared.dataset)
    task = replace(task, earlier=tuple(earlier), others=tuple(others), before=before)
    try:
        return _beside_others(task)
    except AuditFailed as exposed:
        if masked or exposed.slug != "recoverable-with-other-datasets":
            raise
        refuse_two_roles(tables, declared.dataset)
        return _beside_others(replace(task, masked=True))


def _beside_others(task: _Task) -> Protection:
    if task.masked and task.others:
        _refuse_shown_by_others(task)
    return _following(task)


def _refuse_shown_by_others(task: _Task) -> None:
    """Raise Refused (``small-cell-shown-by-other-dataset``) where others show a small count that is to be hidden."""
    shown = earlier_figures(task.others, task.tables, task.extents, dataset=task.declared.dataset).shown
    below = task.policy.rule.below
    exposed = 0
    for table in task.tables:
        for measure in (m for m in table.structure.measures if m.role == "count"):
            counts = table.frame[measure.name].tolist()
            known = shown[table.structure.table, measure.name]
            exposed += sum(0 < count < below and count in values for count, values in zip(counts, known, strict=True))
    if exposed:
        raise small_counts_shown(exposed, (dataset_of(r.release) for r in task.others), task.declared.dataset)


def protection_policy(declared: Dataset) -> Policy:
    """How the tables of a dataset are protected, from its declaration. Raises DeclarationError (annotations differ)."""
    return Policy(
        annotation=declared_annotation(declared),
        rule=declared.small_cell_rule,
        seed=declared.seed,
        unstable_below=thresholds().survey.sample_cases_below if declared.survey else None,
    )


def declared_annotation(declared: Dataset) -> str:
    """The annotation all tables declare. Raises DeclarationError when they differ."""
    modes = {table.annotation for table in declared.tables}
    if len(modes) > 1:
        raise DeclarationError(
            "the tables of a dataset share cells, so they must declare the same `annotation`",
            remedy="Declare `annotation: combined` (or `separate`) for all tables.",
            slug="annotation-differs",
            place=Place(dataset=declared.dataset),
        )
    return modes.pop()


def _following(task: _Task) -> Protection:
    """The first pattern that withstands, of those that follow earlier releases more and more loosely.

    Raises what the last attack found, or else the first refusal; an incident ends the search at once.
    """
    refusals: list[OpendataError] = []
    broken: list[Pattern] = []
    for keep in KEEPS if task.masked else KEEPS[:1]:
        try:
            return _attempt(task, keep, broken)
        except _BrokenBefore:
            continue
        except (AuditFailed, Refused) as refusal:
            if refusal.slug == "small-cell-already-public":
                raise
            refusals.append(refusal)
    attacks = [refusal for refusal in refusals if isinstance(refusal, AuditFailed)]
    raise attacks[-1] if attacks else refusals[0]


def _attempt(task: _Task, keep: Keep, broken: list[Pattern]) -> Protection:
    """Hide and attack; where the attack finds more than was reasoned with, hide again with what it reasons with.

    At most once for the finest cells and once for measures read together; which it was stands in the facts. What is not
    safe then is refused with what the first attack said. ``broken``: patterns that an attack broke; the new ones are added.
    """
    reasoning, first = EVERYDAY, None
    while True:
        try:
            return _hidden_and_attacked(task, keep, broken, reasoning)
        except _BrokenBefore:
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
            progress(
                f"the attack found more than was reasoned with ({refusal.slug}): hiding again, with {wanted} cells too"
            )
            reasoning = replace(reasoning, **{wanted: True})


def _hidden_and_attacked(task: _Task, keep: Keep, broken: list[Pattern], reasoning: Reasoning) -> Protection:
    declared, masked = task.declared, task.masked
    follow = None if task.before is None else Follow(task.before, keep)
    protected, systems = protect_tables(
        task.tables, task.policy, masked=masked, dataset=declared.dataset, follow=follow, reasoning=reasoning, progress=progress
    )  # fmt: skip
    protected, amounts = hide_computable_amounts(declared, protected) if masked else (protected, 0)
    if any(_same(protected, pattern) for pattern in broken):
        raise _BrokenBefore
    broken.append(protected)
    verdicts, attacked = _attacked(task, protected)
    seed = task.policy.seed if masked else None
    facts = {t.structure.table: _facts(t, seed, verdicts, amounts, reasoning) for t in protected}
    releases = tuple(release.release for release in task.earlier)
    others = tuple(sorted({dataset_of(release.release) for release in task.others}))
    return Protection(protected, facts, systems, attacked, task.extents, releases, others)


def _attacked(task: _Task, protected: Pattern) -> tuple[Verdicts, tuple[AttackedView, ...]]:
    """The verdicts on the tables by themselves, and all views attacked. Raises AuditFailed where one does not withstand."""
    declared = task.declared
    verdicts, attacked = attack_published(declared, protected, task.tables) if task.masked else ({}, ())
    if task.earlier:
        attacked += attack_with_earlier(declared, protected, task.tables, task.extents, task.earlier)
    if task.others:
        attack_with_others(declared, protected, task.extents, [*task.others, *task.earlier])
    return verdicts, attacked


def _same(first: Pattern, second: Pattern) -> bool:
    return all(one.frame.equals(other.frame) for one, other in zip(first, second, strict=True))


def _facts(
    table: ProtectedTable, seed: int | None, verdicts: Verdicts, amounts: int, reasoning: Reasoning
) -> TableFacts:
    return {
        "annotation": table.annotation,
        "seed": seed,
        "cells": table.cells,
        "small": table.small,
        "complementary": table.complementary,
        "unstable": table.unstable,
        "attack": verdicts.get(table.structure.table, {}),
        "amounts": amounts,
        "hidden_anew": sorted(name for name, used in asdict(reasoning).items() if used),
    }
