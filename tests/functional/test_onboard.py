"""From a file nobody has declared to a release in staging, and what must not be in between."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from include.opendata.onboarding.onboard import onboard
from tests.lib.onboarding_sources import REQUEST, TODAY, cases_by_county, patients, write

OPTIONS = [part for name, value in REQUEST.items() for part in (f"--{name.replace('_', '-')}", value)]


def bundle_of(installation, source, *more):
    out = installation.folder / "new"
    answer = installation.opendata("onboard", str(source), *OPTIONS, "--id", "clinic_visits", "--out", str(out), *more)
    assert answer.code == 0, answer.err
    return out / "clinic_visits"


def told(bundle):
    return json.loads((bundle / "onboarding.json").read_text(encoding="utf-8"))


def answered(fields):
    """The declaration with an answer in place of every open question, as a steward would give them."""
    text = {
        "program_web_page": "https://example.org/p",
        "source_link": "https://example.org/s",
        "email": "a@example.org",
    }

    def walk(value, name=""):
        if isinstance(value, dict):
            return {key: walk(part, key) for key, part in value.items()}
        if isinstance(value, list):
            return [walk(part) for part in value]
        return text.get(name, "Answered.") if isinstance(value, str) and value.startswith("OPEN QUESTION:") else value

    fields = walk(fields)
    fields.pop("open_questions")
    fields["permission"] = {
        "individual_records": False,
        "prohibited_by_law": False,
        "originates_solely_in_program": True,
        "sensitivities": [],
        "mandate": True,
    }
    roles = ("data_steward", "deputy_director", "legal_counsel", "department_director")
    fields["approvals"] = [{"role": r, "name": "A", "date": "2026-01-01", "reference": "F1"} for r in roles]
    return fields


@pytest.fixture(scope="module")
def of_patients(tmp_path_factory):
    """A bundle made once; its folder also holds the work area it was made in."""
    folder = tmp_path_factory.mktemp("patients")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OPENDATA_WORK", str(folder / "work"))
        environment.setenv("OPENDATA_DATASETS", str(folder / "datasets"))
        return drafted(folder)


def drafted(folder):
    source = write(folder, patients())
    written = onboard(
        {"source": str(source), "dataset": "clinic_visits", **REQUEST}, out=str(folder / "new"), as_of=TODAY
    )
    return Path(written["bundle"])


@pytest.mark.slow
def test_a_bundle_becomes_a_dataset_by_moving_one_folder_and_answering_its_questions(installation):
    installation.write_source(cases_by_county())
    bundle = bundle_of(installation, installation.source)
    found = told(bundle)
    assert found["record"]["kind"] == "aggregate"
    live = installation.folder / "datasets" / "clinic_visits"
    live.parent.mkdir(exist_ok=True)
    shutil.move(bundle, live)

    checked = installation.opendata("check", "clinic_visits")
    assert checked.code == 2
    assert "questions are still open" in checked.err
    assert checked.err.count("line ") == len(found["open_questions"])
    for command in ("preview", "refresh"):
        refused = installation.opendata(command, "clinic_visits")
        assert (refused.code, "questions are still open" in refused.err) == (2, True)
    assert installation.staged() == {}

    fields = yaml.safe_load((live / "dataset.yaml").read_text())
    (live / "dataset.yaml").write_text(
        yaml.safe_dump(answered(fields), sort_keys=False, allow_unicode=True).replace("'2026-01-01'", "2026-01-01")
    )
    written = installation.opendata("suites", "clinic_visits", "--write")
    assert written.code == 0, written.err
    assert not list((installation.folder / "great_expectations" / "expectations").glob("*.json")), "they stay with it"
    checked = installation.opendata("check", "clinic_visits")
    assert checked.code == 0, checked.err
    refreshed = installation.opendata("refresh", "clinic_visits", "--note", "first refresh of a new table")
    assert refreshed.code == 0, refreshed.err
    assert any(path.endswith(".csv") for path in installation.staged())


def test_no_value_of_a_record_is_in_a_bundle(of_patients):
    texts = "\n".join(path.read_text(encoding="utf-8") for path in of_patients.rglob("*") if path.is_file())
    records = [line.split(",") for line in patients().splitlines()[1:]]
    for number, surname, birth, *_ in records[:200]:
        assert number not in texts
        assert birth not in texts
        assert surname not in texts
    work = of_patients.parents[1] / "work"
    assert [path for path in work.rglob("*") if path.is_file()] == [], "records are deleted"


def test_a_bundle_says_what_was_found_out_and_why(of_patients):
    found = told(of_patients)
    columns = {column["name"]: column for column in found["columns"]}
    assert found["record"]["kind"] == "person"
    assert columns["last_name"]["looks_personal"]
    assert columns["last_name"]["categories"] == []
    assert columns["county_fips"]["scores_as"] == "residence_geography"
    assert columns["age"]["scores_as"] == "age_range"
    assert all(column["reason"] for column in found["columns"])
    assert all(len(table["lines"]) > 2 for table in found["tables"])
    assert all(table["masking"]["cells"] > 0 for table in found["tables"])
    assert found["permission"]["open"]
    assert {part["line"] for part in found["priority"]["parts"] if part["points"] is None} >= {
        "public_interest",
        "department_goals",
    }
    assert sorted(path.name for path in of_patients.iterdir()) == [
        "dataset.yaml",
        "dictionary.csv",
        "expectations",
        "index.html",
        "onboarding.json",
    ]
    declared = yaml.safe_load((of_patients / "dataset.yaml").read_text())
    shown = {d["column"] for table in declared["tables"] for d in table["dimensions"]}
    assert not shown & {"patient_id", "last_name", "birth_date"}


def test_the_same_source_gives_the_same_bundle(installation, of_patients):
    def files(bundle):
        # Only where the source lies differs between the two.
        texts = {path.name: path.read_text(encoding="utf-8") for path in bundle.rglob("*") if path.is_file()}
        return {name: text.replace(str(bundle.parents[1]), "") for name, text in texts.items()}

    assert files(drafted(installation.folder)) == files(of_patients)


def test_a_bundle_that_is_there_is_not_written_over(installation):
    installation.write_source(cases_by_county())
    there = installation.folder / "new" / "clinic_visits"
    there.mkdir(parents=True)
    (there / "dataset.yaml").write_text("what a steward wrote")
    answer = installation.opendata(
        "onboard", str(installation.source), *OPTIONS, "--id", "clinic_visits", "--out", str(there.parent)
    )
    assert answer.code == 2
    assert "there is a bundle already" in answer.err
    assert [path.name for path in there.iterdir()] == ["dataset.yaml"]


def test_the_columns_that_matter_make_one_table(installation):
    installation.write_source(patients())
    bundle = bundle_of(installation, installation.source, "--column", "clinic", "--column", "sex")
    (table,) = told(bundle)["tables"]
    assert {d["column"] for d in table["dimensions"]} == {"clinic", "sex"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--column", "clinik"], "no column called 'clinik' (did you mean 'clinic'?)"),
        (["--column", "last_name"], "looks personal"),
        (["--topic", "Helth Care"], "did you mean 'Health Care'?"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_no_record_behind(installation, more, said):
    installation.write_source(patients(300))
    answer = installation.opendata("onboard", str(installation.source), *OPTIONS, "--id", "clinic_visits", *more)
    assert answer.code == 2
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert [path for path in (installation.folder / "work").rglob("*") if path.is_file()] == []


def test_figures_no_refresh_could_read_are_not_counted_as_records(installation):
    text = "year,sex,cases\n" + "".join(
        f'{y},{s},"1,{y % 1000:03}"\n' for y in range(2000, 2020) for s in ("Female", "Male")
    )
    installation.write_source(text)
    answer = installation.opendata("onboard", str(installation.source), *OPTIONS, "--id", "clinic_visits")
    assert answer.code == 2
    assert "cases: numbers written with a separator of thousands" in answer.err


def test_a_category_that_a_spreadsheet_would_run_is_asked_about(installation):
    sexes = ("f", "m", "-unknown")
    installation.write_source("year,sex\n" + "".join(f"{2019 + n % 3},{sexes[n % 3 - n % 2]}\n" for n in range(300)))
    bundle = bundle_of(installation, installation.source, "--column", "sex")
    (table,) = yaml.safe_load((bundle / "dataset.yaml").read_text(encoding="utf-8"))["tables"]
    labels = table["dimensions"][0]["labels"]
    assert labels.pop("-unknown").startswith("OPEN QUESTION: ")
    assert labels == {"f": "F", "m": "M"}


def test_the_drafted_table_has_a_name_a_table_may_have(installation):
    long = "a_very_long_name_of_a_column_that_somebody_chose_long_ago"
    installation.write_source(
        f"year,{long},{long}_2\n" + "".join(f"{2019 + n % 3},{'ab'[n % 2]},{'xyz'[n % 3]}\n" for n in range(300))
    )
    bundle = bundle_of(installation, installation.source, "--column", long, "--column", f"{long}_2", "--column", "year")
    (table,) = yaml.safe_load((bundle / "dataset.yaml").read_text(encoding="utf-8"))["tables"]
    assert 60 < len(table["table"]) <= 80
