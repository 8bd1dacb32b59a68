"""A table of whole percentages: protected, attacked, and held against what was published before.

Its counts may appear nowhere else (DDG 2.0 §4.4): not in another table of the dataset, and in no earlier release. The other
way round, counts may not follow percentages without somebody looking at both.
"""

from __future__ import annotations

from collections.abc import Sequence

from include.opendata.declaration.dataset import Dataset
from include.opendata.disclosure.attack import SAFE_WITNESS
from include.opendata.disclosure.attack.percentages import attack_percentages, withstand_together
from include.opendata.disclosure.history.extents import table_extents
from include.opendata.disclosure.history.published import PublishedRelease, PublishedTable
from include.opendata.disclosure.protect.percentages import category_counts, whole_percentages
from include.opendata.disclosure.protection_result import Protection
from include.opendata.errors import AuditFailed, Place, Refused
from include.opendata.rules.release import thresholds
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
    if not masked:
        raise Refused(
            "the table is declared to publish whole percentages, and its assessment asks for no masking",
            remedy="Leave `masking` out; its counts may be published.",
            slug="masking-not-needed",
            place=place,
        )
    if len(tables) != 1:
        raise Refused(
            "a table of whole percentages stands beside another table of its dataset, which could tell its counts",
            remedy="Declare the table of whole percentages in a dataset of its own.",
            slug="counts-appear-elsewhere",
            place=place,
        )
    shown = [r.release for r in earlier if any(m.role == "count" for t in r.tables for m in t.structure.measures)]
    if shown:
        raise Refused(
            f"counts of this dataset were published before, in {len(shown)} release(s), so percentages hide nothing",
            remedy="Leave `masking` out, so that the new release is attacked together with the earlier counts.",
            slug="counts-already-public",
            place=place,
        )
    (table,) = tables
    rule, annotation = declared.small_cell_rule, declared.table(table.structure.table).annotation
    protected = whole_percentages(table, annotation=annotation, rule=rule, dataset=declared.dataset)
    total = int(category_counts(table, place).sum())
    found = attack_percentages(protected, total=total, rule=rule)
    if found is None or found.width < rule.width:
        raise AuditFailed(
            "the small category's count could be recovered from the whole percentages",
            remedy="Put more years together, or choose other categories; nothing was published.",
            slug="recoverable",
            place=place,
        )
    least_total = thresholds().percentages_only.total_at_least
    for release in earlier:
        if not all(
            withstand_together(
                _as_protected(one),
                protected,
                total=total,
                least_total=least_total,
                rule=rule,
                earlier_below=one.small_below,
            )
            for one in release.tables
        ):
            raise AuditFailed(
                "the small category's count, or how it grew, could be recovered by comparing the whole percentages with those "
                "of an earlier release, or the two cannot be compared",
                remedy="Keep the categories of the earlier releases, and publish again when more people were counted; or ask "
                "the data coordinator whether the earlier release can be withdrawn.",
                slug="recoverable-with-earlier-releases",
                place=place,
            )
    name = table.structure.table
    facts = {
        "annotation": annotation,
        "seed": None,
        "cells": protected.cells,
        "small": protected.small,
        "complementary": protected.complementary,
        "unstable": protected.unstable,
        "attack": {SAFE_WITNESS: 1},
    }
    extents = table_extents(declared, [protected.structure])
    return Protection((protected,), {name: facts}, {}, (), extents, tuple(release.release for release in earlier))


def _as_protected(table: PublishedTable) -> ProtectedTable:
    return ProtectedTable(
        structure=table.structure, annotation=table.annotation, frame=table.frame, masked=True,
        small=1, complementary=0, unstable=0, cells=len(table.frame), small_below=table.small_below,
    )  # fmt: skip


def refuse_counts_after_percentages(declared: Dataset, earlier: Sequence[PublishedRelease]) -> None:
    """Raise Refused (``percentages-already-public``) when an earlier release published percentages in place of counts."""
    before = [r.release for r in earlier if any(t.structure.percentages_only for t in r.tables)]
    if before:
        raise Refused(
            f"{len(before)} earlier release(s) published whole percentages in place of counts; together with them, new counts "
            "could tell the small one",
            remedy="Keep `masking: whole_percentages`, or publish the counts as a dataset of its own after the data "
            "coordinator has compared both.",
            slug="percentages-already-public",
            place=Place(dataset=declared.dataset),
        )
