"""A table of whole percentages: protected, attacked, and held against what was published before.

Its counts may appear nowhere else (DDG 2.0 §4.4): not in another table of the dataset, and in no earlier release. The other
way round, counts may not follow percentages without someone looking at both.
"""

from __future__ import annotations

from collections.abc import Sequence

from include.opendata.declaration.dataset import Dataset
from include.opendata.disclosure.attack import SAFE_WITNESS
from include.opendata.disclosure.attack.percentages import attack_percentages, withstand_together
from include.opendata.disclosure.history.extents import table_extents
from include.opendata.disclosure.history.published import PublishedRelease, PublishedTable
from include.opendata.disclosure.protect.percentages import category_counts, whole_percentages
from include.opendata.disclosure.protection_result import Protection, TableFacts
from include.opendata.errors import AuditFailed, Place, Refused
from include.opendata.vocabulary import DataTable, ProtectedTable


def publishes_percentages_only(declared: Dataset) -> bool:
    """Whether some table of the dataset is declared to publish whole percentages in place of counts."""
    return any(table.masking == "whole_percentages" for table in declared.tables)


def protect_percentages(
    declared: Dataset, tables: Sequence[DataTable], *, masked: bool, earlier: Sequence[PublishedRelease] = ()
) -> Protection:
    """The one table of the dataset without its counts, attacked. ``masked``: its assessment asks for masking; without that
    its score, which is public, could credit the size of its smallest count.

    Raises Refused (``masking-not-needed``, ``counts-appear-elsewhere``, ``counts-already-public``, and what
    ``whole_percentages`` refuses) and AuditFailed (``recoverable``, ``recoverable-with-earlier-releases``).
    """
    place = Place(dataset=declared.dataset, table=tables[0].structure.table)
    _refuse_shown_counts(tables, masked, earlier, place)
    (table,) = tables
    annotation = declared.table(table.structure.table).annotation
    protected = whole_percentages(table, annotation=annotation, rule=declared.small_cell_rule, dataset=declared.dataset)
    _attack(declared, protected, int(category_counts(table, place).sum()), earlier, place)
    facts: TableFacts = {
        "annotation": annotation,
        "seed": None,
        "cells": protected.cells,
        "small": protected.small,
        "complementary": protected.complementary,
        "unstable": protected.unstable,
        "attack": {SAFE_WITNESS: 1},
    }
    extents = table_extents(declared, [protected.structure])
    releases = tuple(release.release for release in earlier)
    return Protection((protected,), {table.structure.table: facts}, {}, (), extents, releases)


def _refuse_shown_counts(
    tables: Sequence[DataTable], masked: bool, earlier: Sequence[PublishedRelease], place: Place
) -> None:
    """Raise Refused where the counts are shown elsewhere, or need not be hidden."""
    if not masked:
        raise Refused(
            "the table is declared to publish whole percentages, and its assessment asks for no masking",
            remedy="Leave `masking` out; its counts may be published.",
            slug="masking-not-needed",
            place=place,
        )
    if len(tables) != 1:
        raise Refused(
            "a table of whole percentages stands beside another table of its dataset, from which its counts could be computed",
            remedy="Declare the table of whole percentages in a dataset of its own.",
            slug="counts-appear-elsewhere",
            place=place,
        )
    with_counts = [release for release in earlier if _shows_counts(release)]
    if with_counts:
        raise Refused(
            f"counts of this dataset were published before, in {len(with_counts)} release(s), so percentages hide nothing",
            remedy="Leave `masking` out, so that the new release is attacked together with the earlier counts.",
            slug="counts-already-public",
            place=place,
        )


def _shows_counts(release: PublishedRelease) -> bool:
    return any(measure.role == "count" for table in release.tables for measure in table.structure.measures)


def _attack(
    declared: Dataset, protected: ProtectedTable, total: int, earlier: Sequence[PublishedRelease], place: Place
) -> None:
    """Attack the percentages, by themselves and with those of every earlier release; ``total`` is public."""
    rule = declared.small_cell_rule
    small = attack_percentages(protected, total=total, rule=rule)
    if small is None or small.width < rule.width:
        raise AuditFailed(
            "the small category's count could be recovered from the whole percentages",
            remedy="Put more years together, or choose other categories; nothing was published.",
            slug="recoverable",
            place=place,
        )
    for before in (table for release in earlier for table in release.tables):
        if not withstand_together(_as_protected(before), protected, total=total, rule=rule, limits=before.limits):
            raise AuditFailed(
                "the small category's count, or how it grew, could be recovered by comparing the whole percentages with those "
                "of an earlier release, or the two cannot be compared",
                remedy="Keep the categories of the earlier releases, and publish again when more people were counted; or ask "
                "the data coordinator whether the earlier release can be withdrawn.",
                slug="recoverable-with-earlier-releases",
                place=place,
            )


def _as_protected(table: PublishedTable) -> ProtectedTable:
    return ProtectedTable(
        structure=table.structure, annotation=table.annotation, frame=table.frame, masked=True,
        small=1, complementary=0, unstable=0, cells=len(table.frame), annotated_below=table.limits.annotated_below,
    )  # fmt: skip


def refuse_counts_after_percentages(declared: Dataset, earlier: Sequence[PublishedRelease]) -> None:
    """Raise Refused (``percentages-already-public``) when an earlier release published percentages in place of counts."""
    before = [r.release for r in earlier if any(t.structure.percentages_only for t in r.tables)]
    if before:
        raise Refused(
            f"{len(before)} earlier release(s) published whole percentages in place of counts; together with them, new counts "
            "could reveal the small one",
            remedy="Keep `masking: whole_percentages`, or publish the counts as a dataset of its own after the data "
            "coordinator has compared both.",
            slug="percentages-already-public",
            place=Place(dataset=declared.dataset),
        )
