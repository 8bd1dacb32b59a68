"""How a source nobody has declared is read: what it is found to be written in, and what is refused and why."""

from __future__ import annotations

import gzip

import duckdb
import pytest

from include.opendata.errors import InputError
from include.opendata.onboarding import reading
from tests.lib.onboarding_sources import write

TABLE = "county,year,cases\nAlameda,2020,5\nAlpine,2020,0\n"


def read(path, tmp_path):
    return reading.read_source(str(path), dataset="clinic_visits", into=tmp_path / "area")


@pytest.mark.parametrize(
    ("text", "delimiter", "encoding"),
    [
        (TABLE, ",", "utf-8"),
        (TABLE.replace(",", "\t"), "\t", "utf-8"),
        (TABLE.replace(",", ";"), ";", "utf-8"),
        (TABLE.replace(",", "|"), "|", "utf-8"),
        (TABLE.replace("Alpine", "Peñón").encode("cp1252"), ",", "cp1252"),
        (b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode(), ",", "utf-8"),
        (gzip.compress(TABLE.encode(), mtime=0), ",", "utf-8"),
    ],
)
def test_delimited_text_is_read_as_it_is_written(tmp_path, text, delimiter, encoding):
    found = read(write(tmp_path, text), tmp_path)
    assert (found.format, found.writing.delimiter, found.writing.encoding) == ("csv", delimiter, encoding)
    assert found.columns == ("county", "year", "cases")
    assert found.rows == 2


def test_a_comma_inside_quotes_cuts_nothing(tmp_path):
    found = read(write(tmp_path, 'a;b\n"1,2,3";x\n"4,5,6";y\n'), tmp_path)
    assert (found.writing.delimiter, found.rows) == (";", 2)


def test_parquet_keeps_the_types_it_has(tmp_path):
    path = tmp_path / "visits.parquet"
    duckdb.sql("SELECT 1::BIGINT AS year, 'Alameda' AS county").write_parquet(str(path))
    found = read(path, tmp_path)
    assert (found.format, found.stored) == ("parquet", ("BIGINT", "VARCHAR"))


@pytest.mark.parametrize(
    ("text", "slug", "said"),
    [
        ("", "source-empty", "the file is empty"),
        ("  \n\n", "source-empty", "the file is empty"),
        ("county,year\n", "source-no-rows", "a header and no rows"),
        ("county,year,County\nA,1,B\n", "header-duplicate", "'county'"),
        ("county, sex,cases\nA,f,2\n", "header-spaced", "' sex'"),
        ("county,,cases\nA,1,2\n", "header-blank", "1 column(s) of the header have no name"),
        ("2019,2020,2021\n1,2,3\n", "header-missing", "numbers, not names"),
        ("county,year\n" + "A,1\n" * 20 + "B,1,2\n", "row-ragged", "the row has 3 fields"),
        ("just one column\nand a line\n", "source-not-a-table", "not cut into columns"),
        (b"PK\x03\x04" + bytes(200), "source-not-a-table", "Excel workbook"),
        (b"%PDF-1.7\n" + bytes(range(256)), "source-not-a-table", "PDF"),
        (b"<!doctype html><html></html>", "source-not-a-table", "web page"),
        (b'{"a": 1, "b": 2}', "source-not-a-table", "JSON"),
        (bytes(range(1, 32)) * 40, "source-not-a-table", "not text"),
        (b"a,b\n1,\x002\n", "source-nul", "NUL"),
        ("a,b\n1,2\n".encode("utf-16"), "source-encoding", "UTF-16"),
        (b"PAR1" + bytes(50), "source-damaged", "Parquet"),
        (gzip.compress(TABLE.encode(), mtime=0)[:-12], "source-damaged", "damaged"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_words(tmp_path, text, slug, said):
    with pytest.raises(InputError) as refused:
        read(write(tmp_path, text), tmp_path)
    assert refused.value.slug == slug
    assert said in str(refused.value)


def test_a_source_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="there is no such source"):
        read(tmp_path / "nowhere.csv", tmp_path)


def test_a_source_beyond_the_bound_is_refused_before_it_is_read(tmp_path, monkeypatch):
    assert reading.MAX_BYTES == 10 * 2**30
    monkeypatch.setattr(reading, "MAX_BYTES", 30)
    with pytest.raises(InputError, match="larger than 30 bytes"):
        read(write(tmp_path, TABLE), tmp_path)


def test_a_refused_source_leaves_nothing_behind(tmp_path):
    with pytest.raises(InputError):
        read(write(tmp_path, "county,year\nA,1,2\nB,3,4\n"), tmp_path)
    assert [path for path in (tmp_path / "area").rglob("*") if path.is_file()] == []
