"""Rows that are sums of other rows are found in the figures, and coincidences are not taken for sums."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pandas as pd
import pytest

from include.opendata.row_sums import row_sums


def table(rows, columns):
    frame = pd.DataFrame(rows, columns=columns)
    frame["n"] = pd.array([pd.NA if pd.isna(n) else int(n) for n in frame["n"]], dtype="Int64")
    return frame


def sums(frame, keys, **more):
    return {(found.columns, found.total, frozenset(found.parts)) for found in row_sums(frame, keys, ["n"], **more)}


def relation(column, total, *parts):
    return ((column,), (total,), frozenset((part,) for part in parts))


def test_a_total_among_its_categories_is_found_wherever_it_stands():
    for at in range(4):
        labels = ["Alpine", "Butte", "Colusa"]
        labels.insert(at, "458")  # no word says that it is a total
        counts = {"Alpine": (52, 7), "Butte": (107, 30), "Colusa": (299, 11), "458": (458, 48)}
        frame = table([(label, year, counts[label][year]) for label in labels for year in (0, 1)], ["c", "y", "n"])
        assert sums(frame, ["c", "y"]) == {relation("c", "458", "Alpine", "Butte", "Colusa")}


def test_strata_that_another_column_names_each_add_up_to_the_total():
    rows = []
    for place, (total, men, young) in enumerate([(417, 195, 60), (362, 181, 38), (302, 129, 39)]):
        rows += [
            (str(place), "Total", "Total", total), (str(place), "Sex", "M", men), (str(place), "Sex", "F", total - men),
            (str(place), "Age", "0-17", young), (str(place), "Age", "18+", total - young),
        ]  # fmt: skip
    frame = table(rows, ["place", "strata", "name", "n"])
    assert sums(frame, ["place", "strata", "name"]) == {
        relation("name", "Total", "M", "F"),
        relation("name", "Total", "0-17", "18+"),
    }


def test_a_stratum_with_a_hidden_count_in_every_place_is_taken_to_add_up_where_another_one_does():
    rows = []
    for place, (total, men) in enumerate([(49, 40), (49, 41), (54, 44)]):
        rows += [(str(place), "All", "All", total), (str(place), "Sex", "M", men), (str(place), "Sex", "F", None)]
        rows += [(str(place), "Age", "0-17", 12), (str(place), "Age", "18+", total - 12)]
    found = row_sums(table(rows, ["place", "strata", "name", "n"]), ["place", "strata", "name"], ["n"])
    sex = next(one for one in found if set(one.parts) == {("M",), ("F",)})
    assert (sex.total, sex.exact, sex.possible, sex.differing) == (("All",), 0, 3, 0)


def test_labels_that_stand_in_two_strata_are_read_with_their_stratum():
    rows = []
    for place, (total, men, white) in enumerate([(417, 195, 60), (362, 181, 38), (302, 129, 39)]):
        known = {("Sex", "M"): men - 5, ("Sex", "F"): total - men, ("Sex", "Unknown"): 5}
        known |= {("Race", "White"): white, ("Race", "Other"): total - white - 9, ("Race", "Unknown"): 9}
        known |= {("Sex", "Total"): total, ("Race", "Total"): total, ("Age", "Total"): total, ("Age", "0-17"): 77}
        known |= {("Age", "18+"): total - 77}
        rows += [(str(place), *key, n) for key, n in known.items()]
    found = sums(table(rows, ["place", "strata", "name", "n"]), ["place", "strata", "name"])
    for stratum, parts in {"Sex": ("M", "F", "Unknown"), "Race": ("White", "Other", "Unknown")}.items():
        assert any(
            columns == ("strata", "name") and part == frozenset((stratum, p) for p in parts)
            for columns, _, part in found
        )


def test_subtotals_beside_their_parts_are_found_and_the_grand_total_over_both():
    counts = {"0-4": 14, "5-17": 31, "under 18": 45, "18-64": 81, "65+": 40, "everyone": 166}
    other = {"0-4": 3, "5-17": 22, "under 18": 25, "18-64": 97, "65+": 61, "everyone": 183}
    frame = table([(k, "a", n) for k, n in counts.items()] + [(k, "b", n) for k, n in other.items()], ["age", "p", "n"])
    found = sums(frame, ["age", "p"])
    assert relation("age", "under 18", "0-4", "5-17") in found
    assert any(total == ("everyone",) for _, total, _ in found)


def test_a_sum_of_scattered_labels_is_found_where_there_are_figures_enough():
    draw = random.Random(5)
    rows, regions = [], {}
    for year, county in itertools.product(range(6), range(14)):
        n = draw.randrange(20, 5000)
        rows.append((f"county {county}", str(year), n))
        regions[county % 3, year] = regions.get((county % 3, year), 0) + n
    rows += [(f"region {region}", str(year), n) for (region, year), n in regions.items()]
    found = sums(table(rows, ["place", "year", "n"]), ["place", "year"])
    for region in range(3):
        assert relation("place", f"region {region}", *(f"county {c}" for c in range(14) if c % 3 == region)) in found


def test_equal_rows_are_found_once():
    rows = [(label, year, n) for year, n in (("1", 812), ("2", 640), ("3", 77)) for label in ("CA", "State")]
    rows += [(label, year, n) for year, n in (("1", 5), ("2", 9), ("3", 1)) for label in ("Alpine",)]
    assert sums(table(rows, ["place", "year", "n"]), ["place", "year"]) == {relation("place", "CA", "State")}


def test_one_wrong_figure_does_not_hide_a_total_and_is_counted():
    draw = random.Random(2)
    rows = []
    for year in range(20):
        parts = [draw.randrange(10, 900) for _ in range(3)]
        rows += [(label, str(year), n) for label, n in zip("abc", parts, strict=True)]
        rows.append(("t", str(year), sum(parts) + (year == 7)))
    (found,) = row_sums(table(rows, ["c", "y", "n"]), ["c", "y"], ["n"])
    assert (found.total, found.exact, found.differing) == (("t",), 19, 1)


def test_rounded_figures_are_sums_within_the_tolerance():
    rows = [
        (k, y, n) for y, v in {"1": (120, 340, 470), "2": (90, 110, 190)}.items() for k, n in zip("abt", v, strict=True)
    ]
    frame = table(rows, ["c", "y", "n"])
    assert sums(frame, ["c", "y"]) == set()
    assert sums(frame, ["c", "y"], tolerance=15) == {relation("c", "t", "a", "b")}


def test_known_bounds_of_hidden_counts_tell_a_total():
    """Every place hides a part, so no comparison is exact; a hidden part of 1 to 10 leaves little to chance."""
    rows = [(k, str(y), n) for y, t in enumerate((812, 640, 770)) for k, n in {"a": t - 4, "b": None, "t": t}.items()]
    frame = table(rows, ["c", "y", "n"])
    assert sums(frame, ["c", "y"]) == set()
    low, high = pd.Series(1, frame.index), pd.Series(10, frame.index)
    assert sums(frame, ["c", "y"], bounds={"n": (low, high)}) == {relation("c", "t", "a", "b")}


def test_where_no_part_has_a_row_nothing_is_compared():
    rows = [
        (k, y, n) for y, v in {"1": (20, 41, 61), "2": (90, 12, 102)}.items() for k, n in zip("fmt", v, strict=True)
    ]
    rows += [("t", str(year), 500 + year) for year in range(3, 9)]
    assert sums(table(rows, ["s", "y", "n"]), ["s", "y"]) == {relation("s", "t", "f", "m")}


@pytest.mark.parametrize("seed", range(60))
def test_tables_without_totals_have_no_sums(seed):
    rng = np.random.default_rng(seed)
    sizes = [int(size) for size in rng.integers(2, 7, size=rng.integers(1, 4))]
    scale = float(rng.choice([3, 20, 300]))
    rows = [(*map(str, key), rng.poisson(rng.gamma(1, scale))) for key in itertools.product(*map(range, sizes))]
    hidden = rng.random(len(rows)) < rng.choice([0.0, 0.2])
    rows = [(*row[:-1], None if hide else row[-1]) for row, hide in zip(rows, hidden, strict=True)]
    columns = [f"d{number}" for number in range(len(sizes))]
    assert sums(table(rows, [*columns, "n"]), columns) == set()


@pytest.mark.parametrize("seed", range(40))
def test_totals_of_random_tables_are_found_in_every_dimension(seed):
    rng = np.random.default_rng(seed)
    sizes = [int(size) for size in rng.integers(3, 6, size=2)]
    counts = rng.integers(5, 900, size=sizes)
    full = np.pad(counts, ((0, 1), (0, 1)))
    full[-1, :-1], full[:-1, -1], full[-1, -1] = counts.sum(axis=0), counts.sum(axis=1), counts.sum()
    order = rng.permutation(full.size)
    rows = [(f"a{i}", f"b{j}", full[i, j]) for i, j in (divmod(int(at), full.shape[1]) for at in order)]
    found = sums(table(rows, ["a", "b", "n"]), ["a", "b"])
    for column, size in zip("ab", sizes, strict=True):
        assert relation(column, f"{column}{size}", *(f"{column}{i}" for i in range(size))) in found


def test_the_sentence_says_which_rows_and_in_how_many_comparisons():
    rows = [
        (k, y, n) for y, v in {"1": (20, 41, 61), "2": (90, 12, 102)}.items() for k, n in zip("fmt", v, strict=True)
    ]
    (found,) = row_sums(table(rows, ["s", "y", "n"]), ["s", "y"], ["n"])
    assert found.sentence == "s: “t” is the sum of “f”, “m” in 2 comparisons"
