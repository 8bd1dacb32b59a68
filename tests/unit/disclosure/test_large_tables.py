"""A declared table of several thousand counts: protected, attacked, and held against the release before it."""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from include.opendata import progress
from include.opendata.disclosure import release_attack
from include.opendata.disclosure.attack import verify_witnesses
from include.opendata.disclosure.history.published import PublishedRelease
from include.opendata.disclosure.long_tables import AuditRequest, audit_records, records_of_text
from include.opendata.disclosure.protect.engine import LARGE_FROM
from include.opendata.disclosure.protect.tables import linked
from include.opendata.disclosure.protection import protect_and_attack
from include.opendata.disclosure.release_attack import attack_published, attack_with_earlier, upcoming_release
from include.opendata.errors import AuditFailed
from include.opendata.progress import progress_to
from include.opendata.tables import tabulate
from tests.lib.random_cubes import synthetic
from tests.lib.small_tables import dataset, dimension, measure, table, warehouse_of

COLUMNS = ("area", "age", "sex")
COUNTS = synthetic((58, 8, 5), 2.5, 0)


def declared(annotation="combined"):
    dimensions = [dimension(column.title(), column, total="All") for column in COLUMNS]
    made = dataset(
        {**dict.fromkeys(COLUMNS, "text"), "n": "integer"},
        table(dimensions, [measure("Cases", "sum", column="n", of="persons")], annotation=annotation),
        record="aggregate",
    )
    return made.model_copy(update={"survey": False})


def tabulated(one, counts, folder):
    rows = [
        (*(f"{column} {i:02}" for column, i in zip(COLUMNS, place, strict=True)), int(counts[place]))
        for place in itertools.product(*map(range, counts.shape))
        if counts[place]
    ]
    with warehouse_of(pd.DataFrame(rows, columns=[*COLUMNS, "n"]), folder) as warehouse:
        return tabulate(one, "one_table", warehouse)


@pytest.fixture(scope="module")
def true_table(tmp_path_factory):
    return tabulated(declared(), COUNTS, tmp_path_factory.mktemp("large"))


@pytest.fixture(scope="module")
def protected(true_table):
    return protect_and_attack(declared(), [true_table], masked=True)


def as_release(found, name="r1") -> PublishedRelease:
    return replace(upcoming_release(found.tables, found.extents), release=name)


def blanks(found):
    return found.tables[0].frame["Cases"].isna().to_numpy()


def counts_of(made):
    return made.frame["Cases"].to_numpy(dtype=np.int64)


def test_a_table_of_thousands_of_counts_is_protected_and_withstands_a_strangers_audit(true_table, protected):
    (made,) = protected.tables
    assert made.cells > LARGE_FROM
    frame = made.frame
    counts = counts_of(true_table)
    assert blanks(protected)[(counts >= 1) & (counts <= 10)].all()
    assert not blanks(protected)[counts == 0].any()
    out = io.StringIO()
    frame.to_csv(out, index=False, quoting=csv.QUOTE_MINIMAL)
    dimensions = tuple(f"{column.title()}:All" for column in COLUMNS)
    request = AuditRequest(("Cases",), dimensions, declared().small_cell_rule)
    audit = audit_records([records_of_text(out.getvalue(), "x.csv")], request)
    assert audit.nothing_recovered, audit.report.failures[:3]
    assert audit.report.figures["blanks"] == blanks(protected).sum()


def test_the_witnesses_kept_agree_with_what_is_published_and_none_is_the_true_table(true_table, protected):
    (attacked,) = protected.attacked
    (cells,) = linked([true_table])
    truth = np.zeros(attacked.view.size, dtype=np.int64)
    truth[cells.rows["one_table", "Cases"]] = counts_of(true_table)
    assert verify_witnesses(attacked.view, attacked.witnesses).agree
    assert len(attacked.witnesses.tables) > 1
    assert not any((row == truth[attacked.witnesses.cells]).all() for row in attacked.witnesses.tables)


def test_unchanged_figures_keep_their_pattern(true_table, protected):
    again = protect_and_attack(
        declared().model_copy(update={"seed": 7}), [true_table], masked=True, earlier=(as_release(protected),)
    )
    assert np.array_equal(blanks(again), blanks(protected))


@pytest.mark.slow
def test_after_a_revision_what_was_shown_and_is_as_it_was_stays_shown(true_table, protected, tmp_path, monkeypatch):
    revised = COUNTS.copy()
    places = np.argwhere(revised > 60)[::40]
    revised[tuple(places.T)] += 5
    changed = tabulated(declared(), revised, tmp_path)
    told: list[str] = []
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    with progress_to(told.append):
        after = protect_and_attack(declared(), [changed], masked=True, earlier=(as_release(protected),))
    unchanged = counts_of(true_table) == counts_of(changed)
    assert 0 < (~unchanged).sum() < unchanged.sum()
    assert not (blanks(after) & ~blanks(protected) & unchanged).any()
    assert any("releases of" in line for line in told), "a comparison that takes long says what it is doing"


@pytest.mark.slow
def test_two_patterns_of_the_same_figures_are_broken_together(true_table, protected):
    """Each withstands by itself; laid side by side the second shows complements of the first."""
    other = protect_and_attack(declared().model_copy(update={"seed": 7}), [true_table], masked=True)
    assert not np.array_equal(blanks(other), blanks(protected))
    with pytest.raises(AuditFailed) as caught:
        attack_with_earlier(declared(), other.tables, [true_table], other.extents, [as_release(protected)])
    assert caught.value.slug == "recoverable-with-earlier-releases"


def test_an_attack_that_runs_out_of_time_is_undecided_and_refused(true_table, protected, monkeypatch):
    monkeypatch.setattr(release_attack, "ATTACK_SECONDS", 0.0)
    with pytest.raises(AuditFailed) as caught:
        attack_published(declared(), protected.tables, [true_table])
    assert caught.value.slug == "attack-undecided"
