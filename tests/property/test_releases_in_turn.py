"""Up to four releases whose source is told in other words each time, read together by an outsider who shares no code.

The outsider knows that the same trees are meant whatever they are called, takes one release's figures as right and as many of
the others' as there can be (an integer programme), and asks of every small count whether less than three values are left.
"""

from __future__ import annotations

import random

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from include.opendata.errors import OpendataError
from tests.lib.releases_in_turn import release
from tests.lib.small_tables import dimension, table

SEQUENCES = 40
TREES = ("ash", "birch", "cedar", "dogwood", "elm")
MOST, WIDTH = 500, 3
COMPARABLE = {
    "releases-not-comparable",
    "earlier-releases-in-the-way",
    "recoverable-with-earlier-releases",
    "no-safe-pattern",
}


class Telling:
    """How a source is told at a time: spelling of values, labels, names of column and dimension, coverage, tables."""

    def __init__(self, draw: random.Random):
        self.draw = draw
        self.spelled = {tree: tree for tree in TREES}
        self.labels = {tree: tree.capitalize() for tree in TREES}
        self.column, self.dimension, self.days, self.by_sex = "tree", "Tree", ("2020-01-01", "2020-12-31"), False

    def change(self) -> None:
        what = self.draw.choice(
            ["capitals", "codes", "labels", "column", "dimension", "both", "coverage", "table", "nothing"]
        )
        number = self.draw.randrange(1000)
        if what == "capitals":
            self.spelled = {tree: text.swapcase() for tree, text in self.spelled.items()}
        if what == "codes":
            self.spelled = {tree: f"c{number}{place}" for place, tree in enumerate(TREES)}
        if what == "labels":
            self.labels = {tree: f"{tree} {number}" for tree in TREES}
        if what in ("column", "both"):
            self.column = f"tree{number}"
        if what in ("dimension", "both"):
            self.dimension = f"Tree{number}"
        if what == "coverage":
            year = self.draw.choice([2020, 2021])
            self.days = (f"{year}-01-01", f"{year}-{self.draw.choice(['06-30', '11-30', '12-30', '12-31'])}")
        if what == "table":
            self.by_sex = not self.by_sex

    def published(self, folder, figures, earlier):
        recode = {self.labels[tree]: [self.spelled[tree]] for tree in TREES}
        trees = dimension(self.dimension, self.column, recode=recode, total="All")
        tables = [table([trees])]
        if self.by_sex:
            tables.append(table([trees, dimension("Sex", "sex", total="Both")], name="by_sex"))
        counts = {(self.spelled[tree], sex): count for (tree, sex), count in figures.items()}
        made = release(folder, {self.column: "text", "sex": "text"}, tables, counts, earlier, self.days)
        named = {label: [tree] for tree, label in self.labels.items()} | {"All": list(TREES)}
        return made, [(of, named) for of in made.tables]


def figures_of(draw: random.Random):
    """Ash is small, the others are not."""
    figures = {(tree, sex): draw.randrange(12, 30) for tree in TREES for sex in "fm"}
    figures["ash", "f"], figures["ash", "m"] = draw.randrange(1, 5), draw.choice([0, 0, 2])
    return figures


def revised(figures, more):
    """The smallest of the others, which would be hidden with Ash, is larger now: another one would be."""
    smallest = min(TREES[1:], key=lambda tree: figures[tree, "f"] + figures[tree, "m"])
    return figures | {(smallest, "f"): figures[smallest, "f"] + more}


def statements(told):
    """(cells that are summed, the figure or None where it is blank), once each."""
    said = {}
    for of, named in told:
        names = [d.name for d in of.structure.dimensions]
        for row in of.frame.to_dict("records"):
            sexes = [row["Sex"]] if len(names) == 2 and row["Sex"] != "Both" else ["f", "m"]
            cells = frozenset((tree, sex) for tree in named[row[names[0]]] for sex in sexes)
            value = row["Persons"]
            said[cells] = None if value is None or value != value or str(value) == "<NA>" else int(value)
    return said


CELLS = [(tree, sex) for tree in TREES for sex in "fm"]


def row_of(cells):
    return np.array([float(cell in cells) for cell in CELLS])


def narrow(base, others, target):
    """The least and the greatest value of ``target`` with ``base`` true and the fewest figures of ``others`` wrong."""
    doubtful = [(c, v) for said in others for c, v in said.items() if v is not None and base.get(c, v) in (None, v)]
    size, more = len(CELLS), len(doubtful)
    rows, low, high = [], [], []

    def add(cells, least, most, slack=None, times=0.0):
        row = np.zeros(size + more)
        row[:size] = row_of(cells)
        if slack is not None:
            row[size + slack] = times
        rows.append(row)
        low.append(least)
        high.append(most)

    for cells, value in base.items():
        add(cells, 1 if value is None else value, MOST * 10 if value is None else value)
    for number, (cells, value) in enumerate(doubtful):
        add(cells, -np.inf, value, number, -MOST * 10)
        add(cells, value, np.inf, number, MOST * 10)
    bounds = Bounds(np.zeros(size + more), np.concatenate([np.full(size, MOST), np.ones(more)]))

    def least(cost, extra=()):
        matrix = LinearConstraint(
            np.array([*rows, *(r for r, _ in extra)]), [*low, *(0 for _ in extra)], [*high, *(h for _, h in extra)]
        )
        found = milp(cost, constraints=matrix, bounds=bounds, integrality=np.ones(size + more))
        assert found.success, found.message
        return round(found.fun)

    aside = np.concatenate([np.zeros(size), np.ones(more)])
    fewest = [(aside, least(aside))] if more else []
    cost = np.concatenate([row_of(target), np.zeros(more)])
    return least(cost, fewest), -least(-cost, fewest)


def sequence(folder, seed):
    """What an outsider finds in a random sequence of releases, and the slugs of what was refused."""
    draw = random.Random(f"releases {seed}")
    telling, figures = Telling(draw), figures_of(draw)
    releases, said, truths, refused = [], [], [], []
    for _ in range(draw.choice([2, 3, 4])):
        try:
            made, told = telling.published(folder, figures, releases)
        except OpendataError as refusal:
            refused.append(refusal.slug)
        else:
            releases.append(made)
            said.append(statements(told))
            truths.append(dict(figures))
        telling.change()
        figures = revised(figures, draw.choice([0, 20, 20]))
    leaks = []
    for number, (base, truth) in enumerate(zip(said, truths, strict=True)):
        for cells, value in base.items():
            true = sum(truth[cell] for cell in cells)
            if value is None and 1 <= true < 11:
                least, most = narrow(base, said[:number] + said[number + 1 :], cells)
                if most - least < WIDTH and least <= true <= most:
                    leaks.append((number, sorted(cells), least, most))
    return leaks, refused, len(releases)


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_no_small_count_follows_from_the_releases_together(tmp_path, seed):
    leaks, refused, _ = sequence(tmp_path, seed)
    assert not leaks
    assert set(refused) <= COMPARABLE
