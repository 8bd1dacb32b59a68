"""What becomes of a source that is as declared, and what is said of one that is not."""

from __future__ import annotations

import datetime as dt
import errno
import gzip
import hashlib
import os
from pathlib import Path

import duckdb
import pytest

from include.opendata.declaration.source import Source
from include.opendata.errors import InputError, StorageError
from include.opendata.sources import extract
from include.opendata.sources.readers import plain_text

SECRET = "Jane Doe"


def source(columns: dict[str, str] | None = None, **facts) -> Source:
    columns = columns or {"name": "text", "visits": "integer"}
    return Source.model_validate(
        {
            "location": "source.csv",
            "record": "person",
            "columns": [
                {"name": name, "type": kind, "label": name, "definition": name, "privacy": "sensitive"}
                for name, kind in columns.items()
            ],
            **facts,
        }
    )


@pytest.fixture
def take(tmp_path):
    """Takes the snapshot of these bytes."""

    def taken(data: bytes, declared: Source | None = None, into: str = "snapshot"):
        path = tmp_path / "source"
        path.write_bytes(data)
        return extract(declared or source(), dataset="demo", location=str(path), into=tmp_path / into)

    return taken


def rows(snapshot) -> list[tuple]:
    return duckdb.execute(f"SELECT * FROM '{snapshot.parquet}'").fetchall()


def refusal(take, data: bytes, declared: Source | None = None) -> InputError:
    with pytest.raises(InputError) as caught:
        take(data, declared)
    assert caught.value.exit_code == 2
    assert caught.value.remedy
    assert caught.value.place.dataset == "demo"
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


# ------------------------------------------------------------------------------------------------- as declared


def test_the_bytes_are_kept_as_they_came_and_nobody_may_change_them(take):
    data = b"name,visits\r\nA,1\r\n"
    snapshot = take(data)
    assert snapshot.raw.read_bytes() == data
    assert snapshot.sha256 == hashlib.sha256(data).hexdigest()
    assert snapshot.bytes == len(data)
    assert oct(snapshot.raw.stat().st_mode)[-3:] == oct(snapshot.parquet.stat().st_mode)[-3:] == "400"


def test_columns_stand_in_the_declared_order_whatever_their_order_in_the_file(take):
    snapshot = take(b"visits,other,name\n1,x,A\n2,y,B\n", source(unused_columns=["other"]))
    assert snapshot.schema == (("name", "text"), ("visits", "integer"))
    assert rows(snapshot) == [("A", 1), ("B", 2)]
    assert snapshot.rows == 2


def test_every_type_is_stored_as_declared(take):
    kinds = {"t": "text", "i": "integer", "n": "number", "d": "date", "b": "boolean"}
    snapshot = take(b"t,i,n,d,b\n007,-007,1e3,1996-02-29,Yes\n,+5,.5,1996-03-01,0\n,,,,\n", source(kinds))
    assert rows(snapshot) == [
        ("007", -7, 1000.0, dt.date(1996, 2, 29), True),
        (None, 5, 0.5, dt.date(1996, 3, 1), False),
        (None, None, None, None, None),
    ]


@pytest.mark.parametrize(
    ("word", "truth"), [(w, True) for w in ("true", "T", "YES", "1")] + [(w, False) for w in "fF0"]
)
def test_the_words_of_yes_and_no(take, word, truth):
    assert rows(take(f"b\n{word}\n".encode(), source({"b": "boolean"}))) == [(truth,)]


def test_declared_words_for_no_value_become_blanks(take):
    snapshot = take(b"name,visits\nNA,1\nB,-9\n,3\n", source(missing=["NA", "-9"]))
    assert rows(snapshot) == [(None, 1), ("B", None), ("", 3)]


def test_quotes_delimiters_and_line_breaks_inside_a_value_are_part_of_it(take):
    snapshot = take(b'name;visits\r\n"a;b ""c""\r\nd";1\r\ne;2\n', source(delimiter=";"))
    assert rows(snapshot) == [('a;b "c"\nd', 1), ("e", 2)]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8"])
def test_letters_with_accents_survive_in_the_declared_encoding(take, encoding):
    assert rows(take("name,visits\nPeña,1\n".encode(encoding), source(encoding=encoding))) == [("Peña", 1)]


def test_a_byte_order_mark_is_no_part_of_the_first_name(take):
    assert rows(take(b"\xef\xbb\xbfname,visits\nA,1\n")) == [("A", 1)]


def test_a_packed_file_is_unpacked_and_kept_packed(take):
    data = gzip.compress(b"name,visits\nA,1\n", mtime=0)
    snapshot = take(data)
    assert rows(snapshot) == [("A", 1)]
    assert snapshot.raw.read_bytes() == data


def test_the_same_bytes_give_the_same_rows_in_the_same_order(take):
    data = b"name,visits\n" + b"".join(b"n%d,%d\n" % (i * 7919 % 50_000, i) for i in range(50_000))
    one, other = take(data), take(data, into="again")
    assert rows(one) == rows(other)
    assert [row[1] for row in rows(one)] == list(range(50_000))


def test_a_parquet_source_is_read_by_its_columns(tmp_path):
    path = tmp_path / "source.parquet"
    duckdb.execute(f"COPY (SELECT 3::SMALLINT AS visits, 'A' AS name, 1 AS other) TO '{path}' (FORMAT parquet)")
    declared = source(format="parquet", unused_columns=["other"])
    assert rows(extract(declared, dataset="demo", location=str(path), into=tmp_path / "s")) == [("A", 3)]


def test_a_second_snapshot_replaces_the_first_and_leaves_nothing_else(take, tmp_path):
    take(b"name,visits\nA,1\n")
    (tmp_path / "snapshot" / "source.csv.partial").write_bytes(b"left by a run that was killed")
    assert rows(take(b"name,visits\nB,2\n")) == [("B", 2)]
    assert sorted(path.name for path in (tmp_path / "snapshot").iterdir()) == ["records.parquet", "source.csv"]


# --------------------------------------------------------------------------------------------- not as declared


def test_no_file(tmp_path):
    with pytest.raises(InputError) as caught:
        extract(source(), dataset="demo", location=str(tmp_path / "gone.csv"), into=tmp_path / "s")
    assert (caught.value.slug, caught.value.exit_code) == ("source-missing", 2)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InputError) as caught:
        extract(source(), dataset="demo", location=str(tmp_path), into=tmp_path / "s")
    assert caught.value.slug == "source-missing"


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_empty_file(take, data):
    assert refusal(take, data).slug == "source-empty"


@pytest.mark.parametrize("data", [b"name,visits", b"name,visits\n", b"name,visits\n\n"])
def test_a_header_and_nothing_more(take, data):
    assert refusal(take, data).slug == "source-no-rows"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_wrong_encoding_names_the_byte_and_the_line(take, encoding):
    error = refusal(take, b"name,visits\nA,1\nJane Doe\x81,2\n", source(encoding=encoding))
    assert (error.slug, error.place.line) == ("source-encoding", 3)
    assert "byte 24" in error.what


def test_utf_16_is_recognised(take):
    error = refusal(take, "name,visits\nA,1\n".encode("utf-16"))
    assert error.slug == "source-encoding"
    assert "UTF-16" in error.what


def test_utf_8_declared_as_latin_1_would_garble_names(take):
    error = refusal(take, "name,visits\nPeña,1\n".encode(), source(encoding="latin-1"))
    assert error.slug == "source-encoding"


def test_an_encoding_error_far_into_the_file_counts_from_its_start(take, monkeypatch):
    monkeypatch.setattr(plain_text, "CHUNK", 5)
    error = refusal(take, "name,visits\nPeña,1\n".encode() + b"\xff,2\n")
    assert error.place.line == 3
    assert "byte 20" in error.what


def test_characters_cut_by_a_chunk_are_whole_again(take, monkeypatch):
    monkeypatch.setattr(plain_text, "CHUNK", 1)
    assert rows(take("name,visits\r\nPeña €,1\r\n".encode())) == [("Peña €", 1)]


def test_a_character_cut_by_the_end_of_the_file(take):
    assert refusal(take, b"name,visits\nA,1\nB\xe2\x82").slug == "source-encoding"


def test_nul_bytes(take):
    error = refusal(take, b"name,visits\nA,1\nB\x00,2\n")
    assert (error.slug, error.place.line) == ("source-nul", 3)


@pytest.mark.parametrize("row", [b"Jane Doe", b"Jane Doe,2,3", b"Jane Doe,2,"])
def test_a_ragged_row_names_its_line_and_both_counts(take, row):
    error = refusal(take, b'name,visits\n"A\nB",1\n' + row + b"\nD,4\n")
    assert (error.slug, error.place.line) == ("row-ragged", 4)
    assert f"{row.count(b',') + 1} fields" in error.what
    assert "header has 2" in error.what


def test_a_quotation_mark_that_never_closes_names_where_it_opened(take):
    error = refusal(take, b'name,visits\nA,1\n"Jane Doe,2\nB,3\n')
    assert (error.slug, error.place.line) == ("row-malformed", 3)


def test_a_missing_column(take):
    error = refusal(take, b"name\nA\n")
    assert (error.slug, error.place.column) == ("column-missing", "visits")


def test_a_column_nobody_declared(take):
    error = refusal(take, b"name,visits,ssn\nA,1,2\n")
    assert (error.slug, error.place.column) == ("column-undeclared", "ssn")


def test_a_declared_name_with_spaces_around_it_is_no_renamed_column(take):
    error = refusal(take, b"name, visits\nA,1\n")
    assert (error.slug, "' visits'" in error.what) == ("header-spaced", True)


def test_a_renamed_column_is_suspected(take):
    error = refusal(take, b"name,Visits_\nA,1\n")
    assert error.slug == "column-renamed"
    assert "'Visits_' is new and 'visits' is missing: was it renamed?" in error.details


def test_a_name_that_stands_twice_in_the_header(take):
    assert refusal(take, b"name,visits,visits\nA,1,2\n").slug == "header-duplicate"


def test_a_file_without_header_shows_nothing_of_its_first_record(take):
    assert refusal(take, b"Jane Doe,2\nJane Doe,3\n").slug == "header-missing"


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        ("integer", "12.0", "decimal point"),
        ("integer", '"1,234"', "thousands"),
        ("integer", " 12", "spaces around"),
        ("integer", "1e3", ""),
        ("integer", "0x10", ""),
        ("integer", "1_000", ""),
        ("integer", "9223372036854775808", "64 bits"),
        ("integer", SECRET, ""),
        ("number", '"1,234.5"', "thousands"),
        ("number", '"1,5"', "decimal comma"),
        ("number", "nan", "finite"),
        ("number", "1e999", ""),
        ("date", "02/29/1996", "another order"),
        ("date", "1996-02-30", "do not exist"),
        ("date", "1996-2-3", ""),
        ("date", "1996-02-03T00:00:00", "time of day"),
        ("date", "inf", ""),
        ("boolean", "maybe", ""),
        ("boolean", "777", ""),
    ],
)
def test_a_value_that_is_not_of_the_declared_type(take, kind, value, says):
    good = {"integer": "1", "number": "1.5", "date": "1996-01-01", "boolean": "yes"}[kind]
    error = refusal(take, f"name,x\nA,{good}\nB,\nC,{value}\nD,{value}\n".encode(), source({"name": "text", "x": kind}))
    assert (error.slug, error.place.column, error.place.line) == ("wrong-type", "x", 4)
    assert "row 3 " in error.what
    assert "2 of 4 rows" in error.details[0]
    assert says in error.details[0]
    assert value.strip('"') not in str(error)


def test_a_wrong_value_far_down_is_found_at_its_row(take):
    data = b"name,visits\n" + b"A,1\n" * 299_999 + b"A,x\n" + b"A,1\n" * 1_000
    error = refusal(take, data)
    assert "row 300,000 " in error.what
    assert error.place.line == 300_001


def test_the_line_is_left_out_where_rows_and_lines_differ(take):
    error = refusal(take, b'name,visits\n"A\nB\nC",1\nD,x\n')
    assert "row 2 " in error.what
    assert error.place.line is None


def test_every_column_of_the_wrong_type_is_listed(take):
    error = refusal(take, b"a,b\nx,y\n", source({"a": "integer", "b": "date"}))
    assert [detail.partition(":")[0] for detail in error.details] == ["a", "b"]


def test_a_column_may_be_called_as_the_number_of_a_row(take):
    named = source({"row_number": "text", "file_row_number": "integer"})
    assert rows(take(b"row_number,file_row_number\nA,7\n", named)) == [("A", 7)]
    assert "row 2 " in refusal(take, b"row_number,file_row_number\nA,7\nA,x\n", named).what


def test_a_parquet_column_stored_as_another_type(tmp_path):
    path = tmp_path / "source.parquet"
    duckdb.execute(f"COPY (SELECT 1.5 AS visits, 'A' AS name) TO '{path}' (FORMAT parquet)")
    with pytest.raises(InputError) as caught:
        extract(source(format="parquet"), dataset="demo", location=str(path), into=tmp_path / "s")
    assert (caught.value.slug, caught.value.place.column) == ("wrong-type", "visits")


@pytest.mark.parametrize("data", [b"Jane Doe,1\n" * 30, b"PAR1" + b"\x00" * 100 + b"PAR1"])
def test_a_file_that_is_not_parquet(take, data):
    assert refusal(take, data, source(format="parquet")).slug == "source-damaged"


def test_a_packed_file_cut_short(take):
    assert refusal(take, gzip.compress(os.urandom(1000), mtime=0)[:500]).slug == "source-damaged"


def test_a_packed_file_may_not_grow_without_bound(take, monkeypatch):
    monkeypatch.setattr(plain_text, "EXPANSION_ALWAYS_ALLOWED", 1_000)
    monkeypatch.setattr(plain_text, "MAX_EXPANSION", 2)
    assert refusal(take, gzip.compress(b"name,visits\n" + b"A,1\n" * 10_000, mtime=0)).slug == "source-too-large"


def test_a_refused_source_leaves_no_text_in_the_work_area(take, tmp_path):
    refusal(take, b"name,visits\r\nJane Doe,x\r\n")
    assert [path.name for path in (tmp_path / "snapshot").iterdir()] == ["source.csv"]


@pytest.mark.parametrize("file", ["source.csv.partial", "text.csv"])
def test_a_full_disk_says_so(take, monkeypatch, file):
    real = Path.open

    def no_room(self, mode="r", *args, **kwargs):
        opened = real(self, mode, *args, **kwargs)
        if self.name == file and mode != "rb":

            class Full:
                def write(self, data):
                    raise OSError(errno.ENOSPC, "No space left on device")

                def flush(self):
                    pass

                def __enter__(self):
                    return self

                def __exit__(self, *args):
                    opened.close()

            return Full()
        return opened

    monkeypatch.setattr(Path, "open", no_room)
    with pytest.raises(StorageError) as caught:
        take(b"name,visits\r\nA,1\r\n")
    assert caught.value.slug == "disk-full"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_disk_that_fills_while_duckdb_writes_says_so():
    from include.opendata.warehouse import duckdb_storage_errors

    with pytest.raises(StorageError) as caught, duckdb_storage_errors("demo"):
        duckdb.execute(
            "COPY (SELECT range::VARCHAR AS a FROM range(100000)) TO '/dev/full' (FORMAT csv, USE_TMP_FILE false)"
        )
    assert caught.value.slug == "disk-full"
