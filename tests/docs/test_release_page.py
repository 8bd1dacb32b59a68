"""The pages on releases and rules keep up with the formats, the files and the field standards."""

import re
from pathlib import Path

from include.opendata.release.formats.xlsx_files import MOST_ROWS
from include.opendata.rules.formats import FILE_FORMATS
from include.opendata.rules.portal import field_standards
from tests.unit.release.test_release_build import LAYOUT

DOCS = Path(__file__).resolve().parents[2] / "docs"
RELEASE = (DOCS / "release.md").read_text(encoding="utf-8")


def test_the_page_names_every_format_and_what_it_cannot_hold():
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|[^|]*\|$", RELEASE, re.MULTILINE)
    assert {one.label for one in FILE_FORMATS.values()} - {"SHP"} | {"shapefile"} <= {row.strip() for row in rows}
    assert f"more than {MOST_ROWS:,} rows" in RELEASE


def test_the_page_names_every_file_of_a_release():
    for path in LAYOUT:
        shown = re.sub(r"homicides_by_county_and_year", "<table>", path)
        assert f"`{shown}`" in RELEASE, shown
    for one in FILE_FORMATS.values():
        assert f"`.{one.ending}`" in RELEASE or f".{one.ending}`" in RELEASE


def test_the_rules_page_names_every_field_standard():
    page = (DOCS / "rules.md").read_text(encoding="utf-8")
    for field in field_standards().fields:
        assert f"`{field.element.lower()}`" in page
