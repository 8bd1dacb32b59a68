"""Protecting the tables of a dataset and attacking the result: the two rooms that share no code, brought together.

Masking applies to all tables of a dataset as soon as one needs it: they share cells, and a cell shown in one table is no
secret in another.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.opendata.errors import AuditFailed, DeclarationError, Place

if TYPE_CHECKING:
    from include.opendata.disclosure.tables import Policy
    from include.opendata.spec.dataset import Dataset
    from include.opendata.vocabulary import DataTable, ProtectedTable

MIN_WIDTH = 3
"""A hidden count must leave at least this much between its smallest and largest possible value."""


@dataclass(frozen=True)
class Protection:
    """``tables`` as the public may see them · ``facts``: per table annotation, seed, cells hidden and the attack's verdicts ·
    ``systems``: per measure identity the figures of its cell system."""

    tables: tuple[ProtectedTable, ...]
    facts: dict[str, dict[str, Any]]
    systems: dict[str, dict[str, int]]

    def said(self, name: str) -> tuple[str, str]:
        """(slug, sentence) for the ledger: what was done to one table, in counts."""
        table = next(t for t in self.tables if t.structure.table == name)
        if not table.masked:
            return "shown-in-full", "The assessment asks for no masking; every count is shown."
        share = (table.small + table.complementary) / table.cells if table.cells else 0.0
        return "protected", (
            f"{table.small} of {table.cells} counts are small and hidden, {table.complementary} more are hidden so that "
            f"none of them can be computed ({share:.0%} in all); an attack on the result recovered none."
        )


def protect_and_attack(declared: Dataset, tables: list[DataTable], *, masked: bool) -> Protection:
    """Hide, then attack. Raises DeclarationError (annotations differ), Refused (no safe pattern), AuditFailed."""
    from include.opendata.disclosure.tables import protect_tables

    policy = protection_policy(declared)
    protected, systems = protect_tables(tables, policy, masked=masked, dataset=declared.dataset)
    verdicts = attack_published(declared, protected, policy.threshold) if masked else {}
    facts = {
        table.structure.table: {
            "annotation": table.annotation,
            "seed": policy.seed if masked else None,
            "cells": table.cells,
            "small": table.small,
            "complementary": table.complementary,
            "unstable": table.unstable,
            "attack": verdicts.get(table.structure.table, {}),
        }
        for table in protected
    }
    return Protection(protected, facts, systems)


def protection_policy(declared: Dataset) -> Policy:
    """How the tables of a dataset are protected, from its declaration. Raises DeclarationError (annotations differ)."""
    from include.opendata.disclosure.tables import Policy
    from include.opendata.rules.release import thresholds

    limits = thresholds()
    return Policy(
        annotation=declared_annotation(declared),
        threshold=limits.small_cell.counts_below,
        seed=declared.seed,
        unstable_below=limits.survey.sample_cases_below if declared.survey else None,
    )


def attack_published(
    declared: Dataset, protected: tuple[ProtectedTable, ...], threshold: int
) -> dict[str, dict[str, int]]:
    """Attack what would be published. Per table, the number of blank counts by verdict.

    Raises AuditFailed unless every blank is proven safe; its sentences name cells that are blank anyway, never a count.
    """
    from include.opendata.attack import attack
    from include.opendata.attack.published import published_views

    tallies: dict[str, dict[str, int]] = {}
    for cells, view in published_views(protected, threshold=threshold, min_width=MIN_WIDTH, dataset=declared.dataset):
        report = attack(view, seed=declared.seed)
        try:
            report.require_safe()
        except AuditFailed as failed:
            raise AuditFailed(
                failed.what,
                remedy=failed.remedy,
                slug=failed.slug,
                place=Place(dataset=declared.dataset, table=", ".join(sorted({table for table, _ in cells.rows}))),
                details=failed.details,
            ) from None
        verdicts = {finding.cell: finding.verdict for finding in report.cells}
        for (table, _), rows in cells.rows.items():
            tally = Counter(tallies.get(table, {}))
            tally.update(verdicts[cell] for cell in rows.tolist() if view.blank[cell])
            tallies[table] = dict(sorted(tally.items()))
    return tallies


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
