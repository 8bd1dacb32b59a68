"""A category, a column or a period that is told in other words is what it was: the next release hides what the last one hid.

Ash is small; of the others the smallest is hidden with it, Birch at first. Then Birch was revised, and Cedar is the smallest:
hidden in Birch's place, beside the first release, it gives Ash away. A release that knows its own past hides Birch.
"""

from __future__ import annotations

import pytest

from include.opendata.errors import AuditFailed, Refused
from tests.lib.releases_in_turn import hidden, release
from tests.lib.small_tables import dimension, table

FIRST = {"ash": 3, "birch": 13, "cedar": 20, "dogwood": 60}
REVISED = FIRST | {"birch": 27}
NAMES = {tree: tree.capitalize() for tree in FIRST}
CODES = {"ash": "1", "birch": "2", "cedar": "3", "dogwood": "4"}


def trees(spelled=None, kind="text", name="Tree", column="tree", labels=None, **facts):
    """(columns, tables, counts by tree → records) of a source that spells trees in some way."""
    spelled = spelled or NAMES
    said = {} if labels is None else {"recode": {labels[tree]: [spelled[tree]] for tree in FIRST}}
    tables = [table([dimension(name, column, total="All", **said, **facts)])]
    number = int if kind == "integer" else str

    def counts(figures):
        return {(number(spelled[tree]),): count for tree, count in figures.items()}

    return {column: kind}, tables, counts


def blanks_after(folder, first, *later, periods=(), figures=REVISED):
    """The trees hidden in the last of several releases, by position in the file."""
    periods = [*periods, *[("2020-01-01", "2020-12-31")] * 9]
    columns, tables, counts = first
    releases = [release(folder, columns, tables, counts(FIRST), coverage=periods[0])]
    for number, (columns, tables, counts) in enumerate(later, start=1):
        releases.append(release(folder, columns, tables, counts(figures), releases, periods[number]))
    return {label[0] for label in hidden(releases[-1])}


def test_without_a_past_another_category_is_hidden(tmp_path):
    """Otherwise the tests below would say nothing."""
    columns, tables, counts = trees()
    assert hidden(release(tmp_path, columns, tables, counts(REVISED))) == {("Ash",), ("Cedar",)}


SPELLED = {
    "capitals": (trees({t: t.upper() for t in FIRST}), trees()),
    "blanks and signs": (trees({t: f" {t}-{t} " for t in FIRST}), trees({t: f"{t} {t}" for t in FIRST})),
    "leading zeros": (trees({t: f"00{c}" for t, c in CODES.items()}), trees(CODES)),
    "codes under the same labels": (
        trees({t: f"x{c}" for t, c in CODES.items()}, labels=NAMES),
        trees({t: f"y{9 - int(c)}" for t, c in CODES.items()}, labels=NAMES),
    ),
    "numbers under the same labels": (
        trees(CODES, "integer", labels=NAMES),
        trees({t: f"{c}0" for t, c in CODES.items()}, "integer", labels=NAMES),
    ),
    "names that became codes": (trees(), trees({t: f"y{c}" for t, c in CODES.items()}, labels=NAMES)),
    "numbers that became texts": (trees(CODES, "integer", labels=NAMES), trees(labels=NAMES)),
    "one release after another": (
        trees({t: t.upper() for t in FIRST}),
        trees(labels={t: t.upper() for t in FIRST}),
        trees({t: f"y{c}" for t, c in CODES.items()}, labels={t: t.upper() for t in FIRST}),
    ),
}


@pytest.mark.parametrize("releases", SPELLED.values(), ids=SPELLED)
def test_another_spelling_of_the_source_is_the_same_category(tmp_path, releases):
    first, *later = releases
    assert {label.strip().lower()[:1] for label in blanks_after(tmp_path, first, *later)} <= {"a", "b", "1", "2"}


def test_a_spelling_that_comes_to_a_label_is_of_that_category(tmp_path):
    """The same records, some in another spelling: Birch is what it was."""
    before = trees(labels=NAMES)
    columns, tables, _ = trees(labels=NAMES)
    recode = {label: [label, f"{label}!"] for label in NAMES.values()}
    tables = [table([dimension("Tree", total="All", recode=recode)])]

    def counts(figures):
        return {(NAMES[t] + end,): n // 2 + (end == "" and n % 2) for t, n in figures.items() for end in ("", "!")}

    assert blanks_after(tmp_path, before, (columns, tables, counts)) == {"Ash", "Birch"}


def test_what_may_be_another_spelling_or_another_category_is_refused(tmp_path):
    with pytest.raises(Refused) as caught:
        blanks_after(tmp_path, trees(), trees({t: f"y{c}" for t, c in CODES.items()}))
    assert caught.value.slug == "releases-not-comparable"
    assert "`recode`" in caught.value.remedy
    remedied = trees({t: f"y{c}" for t, c in CODES.items()}, labels=NAMES)
    assert blanks_after(tmp_path, trees(), remedied) == {"Ash", "Birch"}


def test_one_that_ended_is_listed_beside_the_new_one(tmp_path):
    ended = {"ash": 30, "birch": 40, "elm": 50}

    def after(listed):
        columns = {"tree": "text"}
        first = release(tmp_path, columns, [table([dimension("Tree", total="All")])], {(t,): 30 for t in FIRST})
        recode = {"recode": {t: [t] for t in [*FIRST, "elm"]}} if listed else {}
        again = [table([dimension("Tree", total="All", **recode)])]
        return release(tmp_path, columns, again, {(t,): n for t, n in ended.items()}, [first])

    with pytest.raises(Refused) as caught:
        after(listed=False)
    assert caught.value.slug == "releases-not-comparable"
    assert hidden(after(listed=True)) == set()


def test_two_categories_cleaned_into_one_are_refused(tmp_path):
    """``birch`` and ``birch.`` were two categories, and are one: which figures add up to which, no label tells."""
    columns = {"tree": "text"}
    tables = [table([dimension("Tree", total="All")])]
    first = release(tmp_path, columns, tables, {("ash",): 20, ("birch",): 40, ("birch.",): 30})
    with pytest.raises(Refused) as caught:
        release(tmp_path, columns, tables, {("ash",): 20, ("birch",): 70}, [first])
    assert caught.value.slug == "releases-not-comparable"


NAMED = {
    "the dimension": (trees(), trees(name="Plant")),
    "the column": (trees(), trees(column="plant")),
    "one after the other": (trees(), trees(name="Plant"), trees(name="Plant", column="plant")),
    "both at once": (trees(), trees(name="Plant", column="plant")),
}


@pytest.mark.parametrize("releases", NAMED.values(), ids=NAMED)
def test_another_name_is_the_same_column(tmp_path, releases):
    assert blanks_after(tmp_path, *releases) == {"Ash", "Birch"}


PERIODS = {
    "the next year": (("2020-01-01", "2020-12-31"), ("2021-01-01", "2021-12-31")),
    "a day less": (("2020-01-01", "2020-12-31"), ("2020-01-01", "2020-12-30")),
    "another start": (("2020-02-01", "2020-12-31"), ("2020-01-01", "2020-12-31")),
}


@pytest.mark.parametrize("periods", PERIODS.values(), ids=PERIODS)
def test_a_corrected_coverage_is_the_same_period(tmp_path, periods):
    assert blanks_after(tmp_path, trees(), trees(), periods=periods) == {"Ash", "Birch"}


def test_another_year_with_other_figures_is_another_period(tmp_path):
    figures = {"ash": 4, "birch": 28, "cedar": 21, "dogwood": 55}
    hidden_then = blanks_after(tmp_path, trees(), trees(), periods=PERIODS["the next year"], figures=figures)
    assert hidden_then == {"Ash", "Cedar"}


def test_a_year_cut_off_by_a_corrected_coverage_is_the_same_year(tmp_path):
    def yearly():
        columns = {"tree": "text", "year": "integer"}
        tables = [table([dimension("Tree", total="All"), dimension("Year", scores_as="time")])]
        return columns, tables, lambda figures: {(NAMES[tree], 2020): n for tree, n in figures.items()}

    assert blanks_after(tmp_path, yearly(), yearly(), periods=PERIODS["a day less"]) == {"Ash", "Birch"}


def filtered(column, kept):
    """Trees of females; males are few and far between."""
    tables = [table([dimension("Tree", total="All")], filter=[{"column": column, "in": [kept]}])]
    return {"tree": "text", column: "text"}, tables, lambda figures: {(NAMES[t], kept): n for t, n in figures.items()}


@pytest.mark.parametrize(
    "releases",
    [(filtered("sex", "f"), filtered("sex", "F")), (filtered("sex", "f"), filtered("gender", "F"))],
    ids=["the value", "the column too"],
)
def test_a_filter_told_in_other_words_keeps_the_same_records(tmp_path, releases):
    assert blanks_after(tmp_path, *releases) == {"Ash", "Birch"}


def test_a_filter_told_in_quite_other_words_is_refused(tmp_path):
    with pytest.raises(Refused) as caught:
        blanks_after(tmp_path, filtered("sex", "f"), filtered("sex", "2"))
    assert caught.value.slug == "releases-not-comparable"


def test_a_column_that_was_filtered_by_and_is_shown_now_has_the_values_it_had(tmp_path):
    """Everybody was 43, of whom Birch 40: with a total by sex, Ash is what is left."""
    columns = {"tree": "text", "age": "text", "sex": "text"}
    records = {("Ash", "old", "f"): 3, ("Birch", "young", "f"): 20, ("Birch", "old", "m"): 20}
    first = [
        table([dimension("Tree")]),
        table([dimension("Age")], name="of_females", filter=[{"column": "sex", "in": ["f"]}]),
    ]
    before = release(tmp_path, columns, first, records)
    assert hidden(before) == {("Ash",)}
    with pytest.raises(AuditFailed) as caught:
        release(tmp_path, columns, [table([dimension("Sex", total="All")])], records, [before])
    assert caught.value.slug == "recoverable-with-earlier-releases"


@pytest.mark.parametrize("empty", ["Birch", "Ash"])
def test_a_category_its_filter_leaves_no_record_of_publishes_again(tmp_path, empty):
    columns = {"tree": "text", "sex": "text"}
    kept = {"Ash": "Birch", "Birch": "Ash"}[empty]
    dimensions = [
        dimension("Tree", labels={"Ash": "Ash", "Birch": "Birch"}, total="All"),
        dimension("Sex", total="All"),
    ]
    tables = [table(dimensions, filter=[{"column": "tree", "in": [kept]}])]
    counts = {(kept, "f"): 30, (kept, "m"): 14, (empty, "f"): 40, (empty, "m"): 50}
    first = release(tmp_path, columns, tables, counts)
    again = release(tmp_path, columns, tables, {place: count + 1 for place, count in counts.items()}, [first])
    assert hidden(again) == set()
