"""The attack on what would be published: by itself, measures together, and together with everything published before.

Decides what is attacked and in which order; how an attack works is left to ``attack``, which shares no code with what
hides. A release is refused unless every blank is proven safe; the sentences of a refusal name cells that are blank anyway,
never a count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from include.opendata.declaration.dataset import Dataset
from include.opendata.disclosure.agency.refusals import exposed_with_others
from include.opendata.disclosure.agency.together import Task, dataset_of, exposures
from include.opendata.disclosure.attack import SAFE_LP, AttackReport, PublishedView, attack
from include.opendata.disclosure.attack.measures import (
    TwoMeasures,
    in_several_categories,
    two_measures,
    within_denominators,
)
from include.opendata.disclosure.attack.published import published_views
from include.opendata.disclosure.attack.readings import agrees, newest_view, views_with_earlier
from include.opendata.disclosure.cells import LinkedCells
from include.opendata.disclosure.history import UPCOMING
from include.opendata.disclosure.history.extents import TableExtents
from include.opendata.disclosure.history.joint import joint_cells
from include.opendata.disclosure.history.published import PublishedLimits, PublishedRelease, PublishedTable
from include.opendata.disclosure.proof_without_truth import without_the_truth
from include.opendata.disclosure.protection_result import AttackedView
from include.opendata.errors import AuditFailed, Place
from include.opendata.progress import report as progress
from include.opendata.vocabulary import DataTable, ProtectedTable

ATTACK_SECONDS = 3600.0
"""An attack that is not done after so long ends: what it has not decided is undecided, and refused."""

NAMED_AT_MOST = 20

Verdicts = dict[str, dict[str, int]]
"""Per table, the number of blank counts by verdict."""


def attack_published(
    declared: Dataset, protected: Sequence[ProtectedTable], tables: Sequence[DataTable]
) -> tuple[Verdicts, tuple[AttackedView, ...]]:
    """Attack what would be published by itself. Returns the verdicts, and the views attacked.

    ``tables``: the true figures, which the attack does not see; they only keep the truth out of what is stored. Raises
    AuditFailed unless every blank is proven safe.
    """
    verdicts: Verdicts = {}
    attacked: list[AttackedView] = []
    views = published_views(protected, rule=declared.small_cell_rule, dataset=declared.dataset)
    for cells, view in views:
        report = _attack_measure(declared, protected, cells, view)
        _add_verdicts(verdicts, cells, view, report)
        attacked.append(_attacked_view(cells.identity, "", view, report, _truth(cells, tables), 0))
    _attack_together(declared, protected, two_measures(views))
    return verdicts, tuple(attacked)


def attack_with_earlier(
    declared: Dataset,
    protected: Sequence[ProtectedTable],
    tables: Sequence[DataTable],
    extents: dict[str, TableExtents],
    earlier: Sequence[PublishedRelease],
) -> tuple[AttackedView, ...]:
    """Attack what would be published together with everything published before. Raises as :func:`attack_published`."""
    rule, dataset = declared.small_cell_rule, declared.dataset
    attacked: list[AttackedView] = []
    newest = []
    for joint in joint_cells([*earlier, upcoming_release(protected, extents)], dataset=dataset):
        truth = _truth(joint.cells, tables, suffix=f"@{UPCOMING}")
        views = views_with_earlier(joint, rule=rule, dataset=dataset, progress=progress)
        newest.append(newest_view(joint, views, rule=rule, dataset=dataset))
        for base, view, set_aside in views:
            report = _attack(declared, view)
            if not report.passed:
                raise _with_earlier_releases(report, _place_of(declared, protected))
            attacked.append(_attacked_view(joint.cells.identity, base, view, report, truth, set_aside))
    # where a revision of one measure contradicts the other, there is nothing to be read together
    _attack_together(declared, protected, [pair for pair in two_measures(newest) if agrees(pair.view)])
    return tuple(attacked)


def attack_with_others(
    declared: Dataset,
    protected: Sequence[ProtectedTable],
    extents: dict[str, TableExtents],
    published: Sequence[PublishedRelease],
) -> None:
    """Attack what would be published together with ``published``: releases of other datasets, and the earlier ones.

    Raises AuditFailed (``recoverable-with-other-datasets``).
    """
    task = Task(declared.dataset, declared.small_cell_rule, declared.seed, ATTACK_SECONDS, progress)
    exposed = exposures([*published, upcoming_release(protected, extents)], task)
    if exposed:
        raise exposed_with_others(exposed, filter(None, (dataset_of(r.release) for r in published)), declared.dataset)


def upcoming_release(protected: Sequence[ProtectedTable], extents: dict[str, TableExtents]) -> PublishedRelease:
    """What would be published, as a release among others."""
    return PublishedRelease(
        UPCOMING,
        tuple(
            PublishedTable.about_to_be(
                t.structure,
                extents[t.structure.table],
                t.annotation,
                t.frame,
                PublishedLimits.of_today(t.annotated_below),
            )
            for t in protected
        ),
    )


def _attack(declared: Dataset, view: PublishedView) -> AttackReport:
    return attack(view, seed=declared.seed, seconds=ATTACK_SECONDS, progress=progress)


def _attack_measure(
    declared: Dataset, protected: Sequence[ProtectedTable], cells: LinkedCells, view: PublishedView
) -> AttackReport:
    """Attack one measure: as it is, then with what it is counted from, then with categories that overlap."""
    place = _place(declared, (table for table, _ in cells.rows))
    report = _attack(declared, view)
    try:
        report.require_safe()
    except AuditFailed as failed:
        raise AuditFailed(
            failed.what, remedy=failed.remedy, slug=failed.slug, place=place, details=failed.details
        ) from None
    narrowed = within_denominators(cells, protected, view)
    if narrowed is not None and (failures := _attack(declared, narrowed).failures):
        raise _between_measures(failures, place)
    overlapping = in_several_categories(cells, protected, view)
    if overlapping is not None and (failures := overlapping.failures(_attack(declared, overlapping.view))):
        raise _between_categories(failures, place)
    return report


def _attack_together(declared: Dataset, protected: Sequence[ProtectedTable], pairs: Iterable[TwoMeasures]) -> None:
    """Attack measures that are read together. Raises AuditFailed (``recoverable-between-measures``)."""
    for pair in pairs:
        if failures := pair.failures(_attack(declared, pair.view)):
            raise _between_measures(failures, _place_of(declared, protected))


def _add_verdicts(verdicts: Verdicts, cells: LinkedCells, view: PublishedView, report: AttackReport) -> None:
    of_cell = {finding.cell: finding.verdict for finding in report.cells}
    for (table, _), rows in cells.rows.items():
        tally = Counter(verdicts.get(table, {}))
        tally.update(of_cell[cell] for cell in rows.tolist() if view.blank[cell])
        verdicts[table] = dict(sorted(tally.items()))


def _attacked_view(
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
            if rows is not None and measure.identity in cells.identities:
                truth[rows] = table.frame[measure.name].to_numpy(dtype=np.int64)
    return truth


def _place(declared: Dataset, tables: Iterable[str]) -> Place:
    return Place(dataset=declared.dataset, table=", ".join(sorted(set(tables))))


def _place_of(declared: Dataset, protected: Sequence[ProtectedTable]) -> Place:
    return _place(declared, (table.structure.table for table in protected))


def _between_measures(sentences: Sequence[str], place: Place) -> AuditFailed:
    """What is safe in each measure, and not for whoever knows that persons are no more than records or residents."""
    return _recoverable(
        f"{len(sentences)} hidden counts or groups could be recovered, or could not be decided, by comparing measures: "
        "distinct persons with their records, or counts with what they are counted from",
        remedy="Publish one of the two, or make the table coarser.",
        slug="recoverable-between-measures",
        sentences=sentences,
        place=place,
    )


def _between_categories(sentences: Sequence[str], place: Place) -> AuditFailed:
    """What is safe where persons do not add up, and not for whoever knows that all are no more than the parts together."""
    return _recoverable(
        f"{len(sentences)} hidden counts of distinct persons could be recovered, or could not be decided: some are in several "
        "categories, and still all of them are no more than the categories together",
        remedy="Declare `annotation: combined`, publish no figure of all of them, or count the records.",
        slug="recoverable-between-categories",
        sentences=sentences,
        place=place,
    )


def _with_earlier_releases(report: AttackReport, place: Place) -> AuditFailed:
    """What is safe by itself, and not for whoever kept the releases before it."""
    return _recoverable(
        f"{report.figures['recoverable']} hidden counts or groups could be recovered by comparing this release with the ones "
        f"published before, and {report.figures['undecided']} could not be decided",
        remedy="Publish a coarser table, whole periods instead of a period to date, or the categories and periods of the "
        "releases before; where earlier figures were revised, ask the data coordinator.",
        slug="recoverable-with-earlier-releases",
        sentences=report.failures,
        place=place,
    )


def _recoverable(what: str, *, remedy: str, slug: str, sentences: Sequence[str], place: Place) -> AuditFailed:
    more = (f"… and {len(sentences) - NAMED_AT_MOST} more.",) if len(sentences) > NAMED_AT_MOST else ()
    return AuditFailed(what, remedy=remedy, slug=slug, place=place, details=(*sentences[:NAMED_AT_MOST], *more))
