import pytest

from include.opendata import yaml_reader
from include.opendata.errors import DeclarationError


def read(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "dataset.yaml"
    path.write_bytes(text.encode(encoding))
    return yaml_reader.read(path)


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "Yes", "NO"])
def test_the_sources_own_yes_and_no_stay_text(tmp_path, word):
    assert read(tmp_path, f"labels: {{{word}: Insured}}")[0] == {"labels": {word: "Insured"}}


def test_a_code_keeps_its_leading_zeros(tmp_path):
    assert read(tmp_path, "code: 001\nzip: 00501\nyear: 1996")[0] == {"code": "001", "zip": "00501", "year": 1996}


def test_a_time_of_day_stays_text(tmp_path):
    assert read(tmp_path, "at: 12:30")[0] == {"at": "12:30"}


def test_a_version_number_is_a_number_and_a_date_is_a_date(tmp_path):
    import datetime as dt

    assert read(tmp_path, "a: 1.5\nb: 2026-01-31\nc: -3")[0] == {"a": 1.5, "b": dt.date(2026, 1, 31), "c": -3}


def test_a_field_given_twice_is_an_error_with_its_line(tmp_path):
    with pytest.raises(DeclarationError) as failed:
        read(tmp_path, "title: A\ntags: [x]\ntitle: B\n")
    assert failed.value.place.line == 3
    assert "'title' is given twice" in str(failed.value)


def test_aliases_are_refused(tmp_path):
    with pytest.raises(DeclarationError, match="aliases"):
        read(tmp_path, "a: &x [1, 2]\nb: *x\n")


def test_tags_that_construct_objects_are_refused(tmp_path):
    with pytest.raises(DeclarationError, match="tags"):
        read(tmp_path, "a: !!python/object/apply:os.system [true]\n")


def test_a_slip_of_indentation_names_the_line(tmp_path):
    with pytest.raises(DeclarationError) as failed:
        read(tmp_path, "title: A\n  topic: B\n")
    assert failed.value.place.line == 2


def test_latin_1_is_refused_with_a_remedy(tmp_path):
    with pytest.raises(DeclarationError, match="Save it as UTF-8"):
        read(tmp_path, "title: Ca\xf1on", encoding="latin-1")


def test_an_empty_file_is_an_error(tmp_path):
    with pytest.raises(DeclarationError, match="empty"):
        read(tmp_path, "# only a comment\n")


def test_a_file_without_bound_is_refused(tmp_path):
    with pytest.raises(DeclarationError, match="larger"):
        read(tmp_path, "a: " + "x" * yaml_reader.MAX_BYTES)


def test_every_field_knows_its_line(tmp_path):
    _, positions = read(tmp_path, "a: 1\nb:\n  - c: 2\n  - c: 3\n")
    assert positions.line(("b", 1, "c")) == 4
    assert positions.line(("b", 1, "missing")) == 4
