"""What is refused of a table in long form, and where that is said to stand."""

from __future__ import annotations

import pytest

from include.opendata.disclosure.long_tables import (
    AuditRequest,
    ProtectRequest,
    audit_records,
    parse_long_table,
    protect_file,
    read_long_table,
    records_of_text,
)
from include.opendata.errors import DeclarationError, InputError, OpendataError, StorageError
from tests.lib.rules import RULE

BY = ("County:All",)
TABLE = "County,Persons\nAlpine,20\nButte,30\nAll,50\n"


def audited(text: str, **more):
    return audit_records([records_of_text(text, "t.csv")], AuditRequest(("Persons",), BY, RULE, **more))


@pytest.mark.parametrize(
    ("text", "slug", "line"),
    [
        ("County,Persons\nAlpine,20,1\n", "table-malformed", 2),
        ("County,County\nAlpine,20\n", "table-malformed", 1),
        ("County,Persons\n", "table-malformed", 1),
        ('County,Persons\nAlpine,"20"x\n', "table-malformed", 2),
        (TABLE + "Butte,30\n", "cell-twice", 5),
    ],
)
def test_a_file_that_is_no_table_is_told_by_its_line(text, slug, line):
    with pytest.raises(InputError) as error:
        parse_long_table(text, "t.csv", BY, ())
    assert (error.value.slug, error.value.place.line) == (slug, line)


def test_a_file_that_is_no_text_is_not_read(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"County,Persons\n\xff,1\n")
    with pytest.raises(InputError) as error:
        read_long_table(tmp_path / "t.csv", BY, ())
    assert error.value.slug == "file-unreadable"


def test_more_combinations_than_can_be_worked_on_are_refused():
    rows = "".join(f"a{n},b{n},1\n" for n in range(1500))
    with pytest.raises(InputError) as error:
        parse_long_table("A,B,N\n" + rows, "t.csv", ("A", "B"), ())
    assert error.value.slug == "too-many-cells"


@pytest.mark.parametrize(
    ("dimensions", "hierarchy"),
    [
        ((), ""),
        (("County:All", "County"), ""),
        (("Region",), ""),
        (("County:Nowhere",), ""),
        (BY, "child,parent\nAlpine,Butte\nButte,Alpine\n"),
    ],
)
def test_dimensions_that_do_not_fit_the_file_are_refused(tmp_path, dimensions, hierarchy):
    """Also groups that are each other's parts: such a hierarchy has no top."""
    path = tmp_path / "h.csv"
    path.write_text(hierarchy)
    with pytest.raises(DeclarationError) as error:
        parse_long_table(TABLE, "t.csv", dimensions, (f"County={path}",) if hierarchy else ())
    assert error.value.slug == "bad-dimension"


@pytest.mark.parametrize(
    ("text", "more", "slug"),
    [
        (TABLE.replace("30", "thirty"), {}, "count-unreadable"),
        (TABLE.replace("Persons", "People"), {}, "no-such-column"),
        (TABLE, {"annotation": "both"}, "bad-annotation"),
        (TABLE, {"rates": ("Rate:100:1",)}, "rate-without-denominator"),
        ("County,Persons,D\nAlpine,20,90\nAll,20,90\n", {"denominator": "D", "rates": ("Rate:100",)}, "bad-rate"),
        (
            "County,Persons,D,R\nAlpine,,90,high\nAll,20,90,1.0\n",
            {"denominator": "D", "rates": ("R:100:1",)},
            "rate-unreadable",
        ),
        ("County,Persons,Persons_annotation\nAlpine,,x\nAll,20,\n", {}, "annotation-unreadable"),
    ],
)
def test_what_an_audit_cannot_read_is_refused_and_never_quoted(text, more, slug):
    with pytest.raises(OpendataError) as error:
        audited(text, **more)
    assert error.value.slug == slug
    assert "thirty" not in str(error.value)
    assert "high" not in str(error.value)


def protected(tmp_path, text: str, out: str = "out.csv", **more):
    (tmp_path / "in.csv").write_text(text)
    request = ProtectRequest("Persons", BY, RULE, **more)
    return protect_file(tmp_path / "in.csv", tmp_path / out, tmp_path / "e.json", request)


@pytest.mark.parametrize(
    ("text", "more", "slug"),
    [
        (TABLE.replace("30", ""), {}, "count-missing"),
        (TABLE.replace("County,Persons", "County,Persons,Persons_annotation").replace("0\n", "0,\n"), {}, "bad-count-column"),
        (TABLE, {"annotation": "both"}, "bad-annotation"),
    ],
)  # fmt: skip
def test_a_table_without_its_true_counts_is_not_protected(tmp_path, text, more, slug):
    with pytest.raises(OpendataError) as error:
        protected(tmp_path, text, **more)
    assert error.value.slug == slug
    assert not (tmp_path / "out.csv").exists()


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    with pytest.raises(StorageError) as error:
        protected(tmp_path, TABLE, out="no-such-folder/out.csv")
    assert error.value.slug == "file-unwritable"
    assert "no-such-folder" in str(error.value.place)
