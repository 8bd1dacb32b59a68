"""The evidence page: what a coordinator reads, and what must never be on it."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from include.opendata.release.evidence.charts import charts
from include.opendata.release.evidence.page import evidence_page
from include.opendata.vocabulary import ProtectedTable, Structure, TableDimension, TableMeasure
from tests.lib.small_release import assessment, homicides, homicides_dataset, inputs, typed

TABLE = "homicides_by_county_and_year"


@pytest.fixture(scope="module")
def page() -> str:
    return evidence_page(inputs())


class _Elements(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


def _words(page: str) -> str:
    return re.sub(r"\s+", " ", "".join(_Elements(page).words))


def test_nothing_on_the_page_comes_from_elsewhere(page):
    tags = {tag for tag, _ in _Elements(page).found}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "image"}
    addresses = [
        v for _, attrs in _Elements(page).found for k, v in attrs.items() if k in ("src", "href", "xlink:href")
    ]
    assert all(address.startswith("#") for address in addresses)
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_no_id_is_given_twice_and_every_reference_leads_somewhere(page):
    elements = _Elements(page).found
    ids = [attrs["id"] for _, attrs in elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    wanted = re.findall(r"url\(#([^)]+)\)", page) + [
        v.removeprefix("#") for _, attrs in elements for k, v in attrs.items() if k in ("href", "aria-labelledby")
    ]
    assert wanted
    assert set(wanted) <= set(ids)


def test_every_data_table_has_a_caption_and_every_drawing_words_for_a_screen_reader(page):
    assert page.count("<table>") == page.count("<caption>")
    drawings = [attrs for tag, attrs in _Elements(page).found if tag == "svg"]
    assert len(drawings) >= 3
    assert all(attrs.get("role") == "img" and attrs.get("aria-label") for attrs in drawings)


def test_headings_do_not_skip_a_level(page):
    levels = [int(tag[1]) for tag, _ in _Elements(page).found if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_page_tells_the_conclusion_the_six_steps_and_what_decided_the_level(page):
    words = _words(page)
    assert assessment(TABLE)["conclusion"] in words
    for step in assessment(TABLE)["path"]:
        assert step["question"] in words
        assert step["sentence"] in words
    assert "Level 1. It is already available to the public. Question 5 decided it." in words
    assert "form IVP-2026-01" in words


def test_a_role_without_a_signed_form_is_shown_as_asked():
    decided = assessment(TABLE) | {"missing_approvals": ["legal_counsel"]}
    words = _words(evidence_page(inputs(assessments={TABLE: decided})))
    assert "1 role is asked before anything is staged" in words
    assert "Legal counselAsked before staging" in words


def test_the_score_is_shown_line_by_line(page):
    words = _words(page)
    assert "Publication score: 7" in words
    assert "The smallest non-zero count in the table is under 11." in words


def test_combined_mode_marks_every_suppressed_value_with_the_same_letter(page):
    body = page[page.index("How it will look") :]
    assert set(re.findall(r'<td class="n mark">([^<]*)</td>', body)) == {"S"}
    assert "suppressed, small number or complementary to one" in body


def test_separate_mode_tells_small_and_complementary_apart():
    table = homicides("separate")
    page = evidence_page(inputs(protected=(table,)))
    body = page[page.index("How it will look") :]
    assert set(re.findall(r'<td class="n mark">([^<]*)</td>', body)) == {"S", "C"}
    assert "suppressed, complementary" in body


def test_text_from_the_declaration_cannot_become_markup():
    dataset = homicides_dataset().model_copy(update={"title": "<script>alert(1)</script>", "limitations": "<b>x</b>"})
    table = dataset.tables[0].model_copy(update={"title": "<img src=x onerror=y>"})
    page = evidence_page(inputs(dataset=dataset.model_copy(update={"tables": [table]})))
    tags = {tag for tag, _ in _Elements(page).found}
    assert not tags & {"script", "img"}


def test_a_label_cannot_break_out_of_a_chart():
    table = homicides()
    label = '"><script>x</script>&<'
    dimension = replace(table.structure.dimensions[0], labels=(label, "Alpine", "Los Angeles"))
    structure = replace(table.structure, dimensions=(dimension, table.structure.dimensions[1]))
    frame = table.frame.copy()
    frame["County"] = frame["County"].replace("Alameda", label)
    page = evidence_page(inputs(protected=(replace(table, structure=structure, frame=frame),)))
    assert "<script" not in page


def test_a_chart_knows_nothing_but_the_published_frame():
    """A hidden count cannot be drawn: charts get the protected table, where it is not."""
    dataset, table = homicides_dataset(), homicides()
    trend, heat = charts(dataset.tables[0], table, prefix="t")
    assert "A gap is a suppressed value" in trend.caption
    assert "url(#t-2-hatch)" in heat.svg
    assert heat.svg.count("url(#t-2-hatch)") == 3


def test_the_same_table_gives_the_same_drawing():
    dataset, table = homicides_dataset(), homicides()
    assert charts(dataset.tables[0], table, prefix="t") == charts(dataset.tables[0], table, prefix="t")


def _one_dimension(counts: list[int | None]) -> tuple:
    dataset = homicides_dataset()
    table = dataset.tables[0].model_copy(
        update={"dimensions": dataset.tables[0].dimensions[:1], "measures": dataset.tables[0].measures[:1]}
    )
    labels = tuple(f"County {number}" for number in range(len(counts)))
    structure = Structure(
        table.table,
        (TableDimension("County", "countyfips", labels, None),),
        (TableMeasure("Homicides", "count", "sum:murders", True),),
    )
    rows = [
        {"County": label, "Homicides": count, "Homicides_annotation": "" if count is not None else "1"}
        for label, count in zip(labels, counts, strict=True)
    ]
    return table, ProtectedTable(structure, "combined", typed(rows, structure), True, 0, 0, 0, len(rows), 11)


def test_a_table_with_one_dimension_is_drawn_as_bars_with_suppressed_ones_named():
    (chart,) = charts(*_one_dimension([12, None, 0]), prefix="t")
    assert chart.caption == "Homicides by County."
    assert ">suppressed<" in chart.svg


def test_a_table_in_which_everything_is_suppressed_can_still_be_drawn():
    assert charts(*_one_dimension([None, None]), prefix="t")
    table = homicides()
    frame = table.frame.copy()
    for column in ("Homicides", "Rate_per_100000"):
        frame[column] = pd.array([None] * len(frame), dtype="Float64")
        frame[f"{column}_annotation"] = "1"
    drawn = charts(homicides_dataset().tables[0], replace(table, frame=frame), prefix="t")
    assert "20 of them suppressed" in drawn[1].description


def test_a_blank_that_is_not_suppressed_is_not_hatched():
    table = homicides()
    frame = table.frame.copy()
    frame.loc[2, ["Homicides_annotation", "Rate_per_100000_annotation"]] = "4"
    heat = charts(homicides_dataset().tables[0], replace(table, frame=frame), prefix="t")[1]
    assert heat.svg.count("url(#t-2-hatch)") == 2
    assert "Empty cells have no figure to show." in heat.caption
