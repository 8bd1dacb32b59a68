"""A source format and a kind of place are one module each; what a declaration may say and what can be read are the same."""

from __future__ import annotations

from typing import get_args

import duckdb
import pytest

from include.opendata.declaration.choices import Encoding, SourceFormat
from include.opendata.declaration.source import Source
from include.opendata.errors import Place
from include.opendata.sources.places.registry import PLACES
from include.opendata.sources.readers import delimited, registry
from include.opendata.sources.readers.protocol import RawFile
from include.opendata.sources.readers.registry import ENDINGS, READERS


def test_a_declaration_may_name_every_format_there_is_a_reader_of_and_no_other():
    assert set(get_args(SourceFormat)) == set(READERS)
    assert {name: reader.format for name, reader in READERS.items()} == {name: name for name in READERS}


def test_every_encoding_a_declaration_may_name_is_tried_on_a_source_nobody_declared():
    assert set(delimited._ENCODINGS) == set(get_args(Encoding))


def test_the_declaration_and_the_refusal_name_every_kind_of_address():
    description = Source.model_fields["location"].description or ""
    for scheme in filter(None, PLACES):
        assert f"{scheme}://" in description


def test_no_two_formats_share_an_ending():
    assert len(set(ENDINGS)) == len(ENDINGS)


@pytest.mark.parametrize(
    ("head", "format"),
    [(b"PAR1\x15\x04", "parquet"), (b"county,year\n", "csv"), (b"\x1f\x8b\x08", "csv"), (b"\xff\xfea\0", "csv")],
)
def test_a_file_is_recognised_by_how_it_begins_and_by_one_reader_alone(head, format):
    assert [name for name, reader in READERS.items() if reader.recognises(head)] == [format]


@pytest.mark.parametrize("head", [b"PK\x03\x04", b"%PDF-1.7", b"{", bytes(range(1, 32)) * 40])
def test_what_is_no_table_is_recognised_by_no_reader(head):
    assert not any(reader.recognises(head) for reader in READERS.values())


def test_a_new_format_is_found_before_a_file_is_called_no_table(tmp_path, monkeypatch):
    class Workbook:
        format = "csv"
        label = "a workbook"
        endings = ("xlsx",)

        def recognises(self, head):
            return head.startswith(b"PK")

        def open(self, raw, source):
            raise NotImplementedError

        def explore(self, raw):
            return "opened"

    monkeypatch.setattr(registry, "_IN_ORDER", (Workbook(), *registry._IN_ORDER))
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"PK\x03\x04" + bytes(50))
    with duckdb.connect() as connection:
        raw = RawFile(path, tmp_path, connection, Place(dataset="demo"))
        assert registry.explore(raw) == ("csv", "opened")


def test_a_refusal_names_the_files_that_can_be_read(tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(b"%PDF-1.7\n")
    with duckdb.connect() as connection, pytest.raises(Exception, match=r"Give a CSV or TSV file .* or a Parquet file"):
        registry.explore(RawFile(path, tmp_path, connection, Place(dataset="demo")))
