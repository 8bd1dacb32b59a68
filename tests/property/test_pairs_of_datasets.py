"""Pairs of datasets of the same records: a stranger who has the files of both learns no small count.

The stranger shares no code with what hides or attacks: he solves integer programs over the finest groups of records.
"""

from __future__ import annotations

import os

import pytest

from include.opendata.disclosure.agency.public import PublicDataset
from include.opendata.disclosure.agency.restate import in_words_of
from include.opendata.disclosure.agency.ties import relation
from include.opendata.disclosure.history.extents import table_extents
from include.opendata.disclosure.history.published import PublishedLimits, PublishedRelease, PublishedTable
from include.opendata.disclosure.protection import protect_and_attack
from include.opendata.errors import AuditFailed, Refused
from tests.lib.stranger import leaks
from tests.lib.worlds import COLUMNS, papers, tabulated, world

PAIRS = int(os.environ.get("OPENDATA_PAIRS", "32"))
REASONS = {
    "attack-undecided",
    "hidden-count-recoverable",
    "recoverable-with-other-datasets",
    "earlier-releases-in-the-way",
    "small-cell-shown-by-other-dataset",
    "separate-codes-unsafe",
    "total-shown-is-small",
    "too-many-cells-to-attack",
}


def published(declared, tables, releases=("r1",)) -> PublicDataset:
    """What a dataset published, or is about to, in one release; all of them are of one source."""
    extents = table_extents(declared, [t.structure for t in tables])
    limits = PublishedLimits.of_today(declared.small_cell_rule.below)
    release = PublishedRelease(
        releases[0],
        tuple(
            PublishedTable.about_to_be(
                t.structure,
                extents[t.structure.table],
                declared.table(t.structure.table).annotation,
                t.frame,
                limits,
            )
            for t in tables
        ),
    )
    return PublicDataset(declared.dataset, (release,), {releases[0]: "0" * 64}, declared)


def pair(seed: int, **fixed):
    """Two datasets of the same records, each declared at random."""
    kind = fixed.get("kind", "count")
    first, frame, told = world(2 * seed, kind=kind, clients="own")
    second, _, told_too = world(2 * seed + 1, kind=kind, clients="own")
    first = first.model_copy(update={"small_cells_below": None})
    second = second.model_copy(update={"small_cells_below": None, "dataset": "second"})
    return first, second, frame, told, told_too


def both(seed: int, *, together: bool = True):
    """The files of both datasets as they are published one after the other; the slug where one is refused."""
    first, second, frame, told, told_too = pair(seed)
    try:
        tables, tables_too = tabulated(first, frame), tabulated(second, frame)
        one = protect_and_attack(first, tables, masked=True)
    except (AuditFailed, Refused) as refused:
        return f"first: {refused.slug}"
    here, there = published(second, tables_too), published(first, one.tables)
    tie = relation(here, there)
    assert (tie.verdict, tie.exact) == ("same", True)
    others = in_words_of(here, there, tie) if together else ()
    try:
        other = protect_and_attack(second, tables_too, masked=True, others=others)
    except (AuditFailed, Refused) as refused:
        return refused.slug
    return [*papers(one, told, first), *papers(other, told_too, second)], first.small_cell_rule


@pytest.mark.parametrize("seed", range(PAIRS))
def test_nothing_follows_from_two_datasets_of_the_same_records(seed):
    made = both(seed)
    if isinstance(made, str):
        assert made.startswith("first: ") or made in REASONS
        return
    files, rule = made
    assert [str(leak) for leak in leaks(files, COLUMNS, rule)] == []


@pytest.mark.parametrize("seed", [9, 13])
def test_the_stranger_finds_what_is_made_without_looking_at_the_other_dataset(seed):
    files, rule = both(seed, together=False)
    assert leaks(files, COLUMNS, rule)
