"""``bin/opendata protect`` and ``audit`` on tables in long form."""

from __future__ import annotations

import csv
import json

import pytest

COUNTS = {
    ("Alpine", "f"): 3, ("Alpine", "m"): 25, ("Butte", "f"): 60, ("Butte", "m"): 31, ("Colusa", "f"): 0,
    ("Colusa", "m"): 44, ("Del Norte", "f"): 17, ("Del Norte", "m"): 52,
}  # fmt: skip
DIMENSIONS = ("--dimension", "County:All", "--dimension", "Sex:Both")
BY = (*DIMENSIONS, "--count", "Persons")


def with_totals(counts):
    full = {}
    for (county, sex), n in counts.items():
        for key in ((county, sex), (county, "Both"), ("All", sex), ("All", "Both")):
            full[key] = full.get(key, 0) + n
    return full


def write(path, rows, header=("County", "Sex", "Persons")):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return str(path)


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def table(tmp_path):
    """True counts with totals as rows, in no particular order, and a rate."""
    rows = [(*key, n, f"{n / 7:.1f}") for key, n in sorted(with_totals(COUNTS).items(), key=lambda e: e[0][::-1])]
    return write(tmp_path / "in.csv", rows, ("County", "Sex", "Persons", "Rate"))


@pytest.fixture
def protect(installation, tmp_path):
    def run(source, *more):
        files = ("--out", str(tmp_path / "out.csv"), "--evidence", str(tmp_path / "e.json"))
        return installation.opendata("protect", source, *BY, *files, *more)

    return run


def test_columns_nobody_named_are_told_for_they_may_give_the_count_away(protect, table, tmp_path):
    said = "as they were: Rate; name with --derived what is computed from the count"
    assert said in protect(table).out
    assert json.loads((tmp_path / "e.json").read_text())["as_they_were"] == ["Rate"]
    assert "as they were" not in protect(table, "--derived", "Rate").out


@pytest.mark.parametrize("annotation", ["separate", "combined"])
def test_the_protected_table_has_the_same_rows_in_the_same_order_and_passes_as_a_stranger_reads_it(
    installation, protect, table, tmp_path, annotation
):
    answer = protect(table, "--annotation", annotation, "--derived", "Rate")
    assert answer.code == 0, answer.err
    before, after = read(tmp_path / "in.csv"), read(tmp_path / "out.csv")
    assert [(r["County"], r["Sex"]) for r in after] == [(r["County"], r["Sex"]) for r in before]
    assert list(after[0]) == ["County", "Sex", "Persons", "Persons_annotation", "Rate", "Rate_annotation"]
    hidden = [(b, a) for b, a in zip(before, after, strict=True) if not a["Persons"]]
    assert all(int(b["Persons"]) > 0 for b, _ in hidden)
    assert all(not a["Rate"] and a["Rate_annotation"] == a["Persons_annotation"] != "" for _, a in hidden)
    assert {a["Persons_annotation"] for _, a in hidden} == ({"1", "2"} if annotation == "separate" else {"1"})
    shown = [(b, a) for b, a in zip(before, after, strict=True) if a["Persons"]]
    assert all((b["Persons"], b["Rate"]) == (a["Persons"], a["Rate"]) for b, a in shown)
    assert all(not a["Persons_annotation"] and not 1 <= int(a["Persons"]) <= 10 for _, a in shown)
    audit = installation.opendata("audit", str(tmp_path / "out.csv"), *BY, "--json")
    assert audit.code == 0
    assert audit.json()["annotation"] == annotation
    assert audit.json()["annotation_assumed"] is True
    assert audit.json()["blanks"] == len(hidden)


def test_zeros_stay_and_the_evidence_tells_no_hidden_count(protect, table, tmp_path):
    assert protect(table, "--derived", "Rate", "--json").code == 0
    assert [r["Persons"] for r in read(tmp_path / "out.csv") if (r["County"], r["Sex"]) == ("Colusa", "f")] == ["0"]
    facts = json.loads((tmp_path / "e.json").read_text(encoding="utf-8"))
    assert facts["suppression"]["small"] == 1
    assert facts["attack"]["recoverable"] == facts["attack"]["undecided"] == 0
    assert set(facts) == {
        "input", "output", "count", "derived", "as_they_were", "dimensions", "annotation", "threshold", "min_width", "seed",
        "suppression", "attack",
    }  # fmt: skip


def test_the_same_table_and_seed_give_the_same_bytes(protect, table, tmp_path):
    assert protect(table).code == 0
    first = (tmp_path / "out.csv").read_bytes(), (tmp_path / "e.json").read_bytes()
    assert protect(table).code == 0
    assert ((tmp_path / "out.csv").read_bytes(), (tmp_path / "e.json").read_bytes()) == first


def test_nothing_is_written_when_the_attack_recovers_a_count(protect, table, tmp_path, monkeypatch):
    """The suppressor is made to hide small counts only; the attack, which shares nothing with it, notices."""
    from include.opendata.disclosure.long_tables import protection

    def only_small(table, counts, present, request, progress):
        codes = ((counts > 0) & (counts < 11)).astype("int8")
        return codes, {"small": 1, "complementary": 0, "published": 15}

    monkeypatch.setattr(protection, "_suppress", only_small)
    answer = protect(table)
    assert answer.code == 4
    assert "Alpine, f" in answer.err
    assert not (tmp_path / "out.csv").exists()
    assert not (tmp_path / "e.json").exists()


def test_groups_of_a_dimension_are_protected_and_attacked_as_sums(installation, tmp_path):
    groups = {"Alpine": "north", "Butte": "north", "Colusa": "south", "Del Norte": "south"}
    counts = with_totals(COUNTS)
    for (county, sex), n in list(counts.items()):
        if county in groups:
            counts[groups[county], sex] = counts.get((groups[county], sex), 0) + n
    source = write(tmp_path / "in.csv", [(*key, n) for key, n in counts.items()])
    hierarchy = ("--hierarchy", f"County={write(tmp_path / 'regions.csv', groups.items(), ('child', 'parent'))}")
    files = ("--out", str(tmp_path / "out.csv"), "--evidence", str(tmp_path / "e.json"))
    without = installation.opendata("protect", source, *BY, *files)
    assert without.code == 2
    assert "not the sum of their parts" in without.err
    assert installation.opendata("protect", source, *BY, *hierarchy, *files, "--annotation", "combined").code == 0
    assert installation.opendata("audit", str(tmp_path / "out.csv"), *BY, *hierarchy).code == 0


def test_a_single_blank_is_recovered_and_the_owner_is_told_what_an_attacker_would_write(installation, tmp_path):
    rows = [("Alpine", "f", ""), ("Butte", "f", "1,060"), ("All", "f", "1,063")]
    published = write(tmp_path / "p.csv", rows)
    answer = installation.opendata("audit", published, *BY[:2], "--dimension", "Sex", "--count", "Persons")
    assert answer.code == 4
    assert "The blank at (Alpine, f) is (All, f) minus the other parts, which are all shown. It is 3." in answer.out
    assert "annotation: combined (the codes of the table)" in answer.out
    assert "County: “All” is Alpine, Butte (as declared)" in answer.out
    found = installation.opendata(
        "audit", published, *BY[:2], "--dimension", "Sex", "--count", "Persons", "--json"
    ).json()
    assert found["verdicts"]["recoverable"] == 1
    assert found["cells"] == [
        {"cell": {"County": "Alpine", "Sex": "f"}, "verdict": "recoverable", "line": 2, "low": 3, "high": 3}
        | {"sentence": found["cells"][0]["sentence"]}
    ]


def test_letters_are_codes_and_separate_codes_tell_more(installation, tmp_path):
    """Two blanks that sum to 12: 1 and 11 if one is known to be small and the other is known not to be."""
    rows = [("Alpine", "S"), ("Butte", "C"), ("Colusa", "40"), ("All", "52")]
    published = write(tmp_path / "p.csv", rows, ("County", "Persons"))
    by = ("--dimension", "County:All", "--count", "Persons")
    assert installation.opendata("audit", published, *by).code == 4
    assert installation.opendata("audit", published, *by, "--annotation", "combined").code == 0


@pytest.mark.parametrize(("total", "code"), [("29", 4), ("25", 0), ("31", 0)])
def test_code_1_alone_is_read_as_it_gives_more_away(installation, tmp_path, total, code):
    """Three blanks of 1 to 10 that sum to 29 are 9 or 10; to 25, 5 to 10; to 31 they cannot, so the code stands for both."""
    rows = [("Alpine", "1", ""), ("Butte", "1", ""), ("Colusa", "1", ""), ("All", "", total)]
    published = write(tmp_path / "p.csv", rows, ("County", "Code", "Persons"))
    by = ("--dimension", "County:All", "--count", "Persons", "--annotation-column", "Code")
    answer = installation.opendata("audit", published, *by)
    assert (answer.code, "--annotation combined" in answer.out) == (code, code == 4)
    assert installation.opendata("audit", published, *by, "--annotation", "combined").code == 0


def test_a_rate_beside_its_denominator_gives_a_blank_away(installation, tmp_path):
    rows = [("Alpine", "", "400", "1.8"), ("Butte", "", "900", "2.0"), ("All", "25", "1300", "1.9")]
    published = write(tmp_path / "p.csv", rows, ("County", "Persons", "Population", "Share"))
    by = ("--dimension", "County:All", "--count", "Persons")
    refused = installation.opendata("audit", published, *by)
    assert (refused.code, "not understood: Share" in refused.err) == (2, True)
    without = installation.opendata("audit", published, *by, "--ignore", "Share")
    assert without.code == 0
    assert "Not looked at: Share" in without.out
    rate = ("--denominator", "Population", "--rate", "Share:100:1")
    assert installation.opendata("audit", published, *by, *rate).code == 4


def test_a_combination_without_a_row_is_zero_unless_it_is_said_to_be_unknown(installation, tmp_path):
    rows = [
        ("Alpine", "f", ""),
        ("Alpine", "Both", "7"),
        ("All", "f", "50"),
        ("All", "Both", "90"),
        ("Butte", "m", "40"),
    ]
    rows += [("Butte", "f", ""), ("Butte", "Both", "83"), ("All", "m", "40")]
    published = write(tmp_path / "p.csv", rows)
    assert installation.opendata("audit", published, *BY).code == 4
    unknown = installation.opendata("audit", published, *BY, "--absent-unknown", "--json")
    blank = next(c for c in unknown.json()["cells"] if c["cell"] == {"County": "Alpine", "Sex": "f"})
    assert blank["verdict"] != "safe_by_lp"
    assert installation.opendata("audit", published, *BY, "--json").json()["cells"] != unknown.json()["cells"]


@pytest.mark.parametrize(
    ("rows", "line", "column"),
    [
        ([("Alpine", "f", "seven"), ("All", "Both", "7")], 2, "Persons"),
        ([("Alpine", "f", "70"), ("All", "Both", "7.5")], 3, "Persons"),
        ([("Alpine", "f", "70"), ("All", "Both", "70"), ("Alpine", "f", "70")], 4, None),
        ([("Alpine", "f", "70"), ("All", "Both", "70", "more")], 3, None),
    ],
)
def test_bad_input_is_told_by_line_and_column_and_never_by_value(installation, tmp_path, rows, line, column):
    answer = installation.opendata("audit", write(tmp_path / "p.csv", rows), *BY)
    assert answer.code == 2
    assert f"p.csv:{line}" in answer.err
    assert column is None or f"column {column}" in answer.err
    assert "seven" not in answer.err
    assert "7.5" not in answer.err
    assert answer.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("--dimension", "Region:All", "--count", "Persons"),
        ("--dimension", "County:Nowhere", "--count", "Persons"),
        (*DIMENSIONS, "--count", "People"),
        (*BY, "--annotation", "both"),
        (*BY, "--rate", "Rate:100"),
        (*BY, "--rate", "Rate:100:1"),
        (*BY, "--hierarchy", "County"),
    ],
)
def test_arguments_that_do_not_fit_the_file_end_in_2(installation, table, arguments):
    answer = installation.opendata("audit", table, *arguments)
    assert answer.code == 2
    assert answer.out == ""


def test_a_table_with_blanks_is_not_protected_again(protect, tmp_path):
    answer = protect(write(tmp_path / "in.csv", [("Alpine", "f", ""), ("All", "Both", "7")]))
    assert answer.code == 2
    assert "in.csv:2" in answer.err


def test_a_total_that_is_not_its_parts_is_told_by_its_line(protect, tmp_path):
    rows = [("Alpine", "f", 40), ("Butte", "f", 30), ("All", "f", 71), ("All", "Both", 70)]
    answer = protect(write(tmp_path / "in.csv", rows))
    assert answer.code == 2
    assert "in.csv:4" in answer.err
    assert "71" not in answer.err


def test_a_time_limit_ends_in_undecided(installation, tmp_path):
    rows = [("Alpine", ""), ("Butte", ""), ("All", "90")]
    published = write(tmp_path / "p.csv", rows, ("County", "Persons"))
    by = ("--dimension", "County:All", "--count", "Persons")
    assert installation.opendata("audit", published, *by).code == 0
    answer = installation.opendata("audit", published, *by, "--time-limit", "0.001", "--json")
    assert answer.code == 4
    assert answer.json()["verdicts"]["undecided"] == 2


def test_small_counts_that_are_shown_are_named_though_nothing_is_hidden(installation, table):
    answer = installation.opendata("audit", table, *BY)
    assert answer.code == 4
    assert "counts from 1 to 10 that are shown: 1" in answer.out
    assert "(Alpine, f)" in answer.out
    assert installation.opendata("audit", table, *BY, "--small-shown").code == 0


STRATA = """County,Strata,Strata_Name,Count
Alameda,Total Population,Total Population,49
Alameda,Sex,Female,40
Alameda,Sex,Male,<11
Alameda,Age,0-17,12
Alameda,Age,18-64,22
Alameda,Age,65+,15
Butte,Total Population,Total Population,49
Butte,Sex,Female,41
Butte,Sex,Male,<11
Butte,Age,0-17,12
Butte,Age,18-64,22
Butte,Age,65+,15
Fresno,Total Population,Total Population,54
Fresno,Sex,Female,44
Fresno,Sex,Male,<11
Fresno,Age,0-17,12
Fresno,Age,18-64,27
Fresno,Age,65+,15
"""


@pytest.mark.parametrize(
    "named",
    [
        ("--dimension", "County", "--dimension", "Strata", "--dimension", "Strata_Name"),
        ("--dimension", "County", "--dimension", "Strata_Name"),
        ("--dimension", "County", "--dimension", "Strata_Name:Total Population"),
        ("--dimension", "County", "--strata", "Strata/Strata_Name:Total Population"),
    ],
)
@pytest.mark.parametrize("token", ["<11", "", "*", "Suppressed", "--", "1-10", "≤10", "n<11", "10 or fewer", "N_A"])
def test_stacked_strata_that_give_counts_away_are_never_called_safe(installation, tmp_path, named, token):
    (tmp_path / "s.csv").write_text(STRATA.replace("<11", token), encoding="utf-8")
    answer = installation.opendata("audit", str(tmp_path / "s.csv"), *named, "--count", "Count", "--json")
    assert answer.code == 4
    found = {c["cell"]["County"]: c["low"] for c in answer.json()["cells"] if c["verdict"] == "recoverable"}
    assert found == {"Alameda": 9, "Butte": 8, "Fresno": 10}
    assert any("Female, Male" in sentence for sentence in answer.json()["holds_under"]["totals"])


def test_every_verdict_says_under_which_totals_it_holds(installation, tmp_path):
    published = write(tmp_path / "p.csv", [("Alpine", ""), ("Butte", "30")], ("County", "Persons"))
    answer = installation.opendata("audit", published, "--dimension", "County", "--count", "Persons")
    assert answer.code == 0
    assert "none: no row is taken to be a sum of others" in answer.out
    assert "no total is known: every hidden count was looked at by itself" in answer.out


def test_parquet_is_read_as_csv_is(installation, tmp_path):
    import pandas as pd

    frame = pd.DataFrame({"County": ["Alpine", "Butte", "All"], "Persons": pd.array([None, 60, 63], dtype="float64")})
    frame.to_parquet(tmp_path / "p.parquet")
    answer = installation.opendata(
        "audit", str(tmp_path / "p.parquet"), "--dimension", "County:All", "--count", "Persons", "--json"
    )
    assert answer.code == 4
    assert [(c["low"], c["high"]) for c in answer.json()["cells"]] == [(3, 3)]


@pytest.mark.parametrize(
    ("content", "slug"),
    [
        (b"", "source-empty"),
        (b"County,Persons\n", "table-malformed"),
        (b"%PDF-1.4", "source-not-a-table"),
        (None, "file-unreadable"),
    ],
)
def test_a_file_that_is_no_table_is_refused_by_name(installation, tmp_path, content, slug):
    if content is not None:
        (tmp_path / "p.csv").write_bytes(content)
    answer = installation.opendata("audit", str(tmp_path / "p.csv"), *BY, "--json")
    assert answer.code == 2
    assert answer.json()["slug"] == slug
    assert "p.csv" in answer.json()["place"]["file"]


def test_a_file_that_hides_what_another_shows_is_named_with_the_line(installation, tmp_path):
    first = write(tmp_path / "a.csv", [("Alpine", "", "70"), ("Butte", "30", "80")], ("County", "Persons", "Year"))
    second = write(tmp_path / "b.csv", [("Alpine", "4", "70"), ("Butte", "30", "80")], ("County", "Persons", "Year"))
    by = ("--dimension", "County", "--count", "Persons", "--small-shown")
    assert installation.opendata("audit", first, *by).code == 0
    both = installation.opendata("audit", first, second, *by)
    assert both.code == 4
    assert "b.csv, line 2: (Alpine) is hidden in one file and shown in another." in both.out


def workbook(path, *sheets):
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return str(path)


DATA = ("Data", [("County", "Persons", "Share"), ("Alpine", "<11", None), ("Butte", 60, 95.24), ("All", 63, 100.0)])


def test_a_sheet_of_a_workbook_is_read_as_csv_is(installation, tmp_path):
    by = ("--dimension", "County:All", "--count", "Persons")
    single = installation.opendata("audit", workbook(tmp_path / "p.xlsx", DATA), *by)
    assert single.code == 4
    assert "line 2: The blank at (Alpine) is (All) minus the other parts, which are all shown. It is 3." in single.out
    several = workbook(tmp_path / "q.xlsx", ("Notes", [("made by",)]), DATA)
    unnamed = installation.opendata("audit", several, *by, "--json")
    assert (unnamed.code, unnamed.json()["slug"]) == (2, "sheet-not-named")
    assert "“Notes”, “Data”" in unnamed.json()["remedy"]
    assert installation.opendata("audit", several, *by, "--sheet", "Data").code == 4
    assert installation.opendata("audit", several, *by, "--sheet", "data").code == 2


def test_a_damaged_workbook_is_refused_by_name(installation, tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "p.xlsx", "w") as packed:
        packed.writestr("xl/workbook.xml", "<workbook")
    answer = installation.opendata("audit", str(tmp_path / "p.xlsx"), *BY, "--json")
    assert (answer.code, answer.json()["slug"]) == (2, "source-damaged")
