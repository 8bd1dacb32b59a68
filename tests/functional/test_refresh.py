"""A refresh without Airflow: what is staged, that it can be repeated, killed and repeated, and what it must never show."""

import csv
import json

import pytest

from include.opendata import progress
from include.opendata.errors import Refused
from include.opendata.pipeline import extract as extract_step
from include.opendata.pipeline.results import Comparison, Finished
from include.opendata.pipeline.start import start
from tests.lib.declarations import SOUND
from tests.lib.monthly import CLINIC, a_table, declaration, extract
from tests.lib.run_steps import Killed, kill_at, perform

SMALL = SOUND.replace(
    "    measures:\n",
    """      - name: Age_Group
        label: Age group
        definition: Age in years.
        column: age
        bins: [{from: 0, to: 39, label: 0–39}, {from: 40, to: 64, label: 40–64}, {from: 65, label: 65+}]
        scores_as: age_range
        total: All ages
    annotation: combined
    high_risk_populations: [homelessness]
    measures:
""",
    1,
)
STEPS = [
    "extract",
    "check_quality",
    "tabulate",
    "assess",
    "protect",
    "check_publishable",
    "build_release",
    "stage",
    "finish",
]


def rows(installation, table="visits_by_sex"):
    release = json.loads((installation.staging / "clinic_visits" / "current.json").read_text())["release"]
    path = installation.staging / "clinic_visits" / "releases" / release / "data" / f"{table}.csv"
    with path.open(newline="", encoding="utf-8") as data:
        return list(csv.DictReader(data))


@pytest.fixture
def small(installation):
    """2,100 persons of whom few are over 64: some cells are small."""
    lines = ["id,sex,age"] + [f"{n},{'fm'[n % 2]},{30 + n % 30}" for n in range(1, 2101)]
    lines += [f"{n},f,70" for n in range(2101, 2105)] + [f"{n},m,70" for n in range(2105, 2125)]
    installation.write_source("\n".join(lines) + "\n")
    installation.declare(SMALL)
    return installation


def test_a_table_without_small_cells_is_staged_in_full(installation):
    installation.write_source()
    installation.declare()
    answer = installation.opendata("refresh", "clinic_visits", "--json")
    assert answer.code == 0, answer.err
    (dataset,) = answer.json()["datasets"]
    assert dataset["outcome"] == "staged"
    assert [(r["Sex"], r["Persons"], r["Persons_annotation"]) for r in rows(installation)] == [
        ("Female", "1200", ""),
        ("Male", "900", ""),
        ("Both sexes", "2100", ""),
    ]


def test_small_cells_and_what_would_reveal_them_are_blank(small):
    assert small.opendata("refresh", "clinic_visits").code == 0
    found = {(r["Sex"], r["Age_Group"]): (r["Persons"], r["Persons_annotation"]) for r in rows(small)}
    assert found["Female", "65+"] == ("", "1")
    hidden = [key for key, (value, _) in found.items() if value == ""]
    assert len(hidden) > 1, "a lone blank is the difference of its total and the others"
    assert all(code == "1" for value, code in found.values() if value == ""), "combined: one code for every blank"
    assert "4" not in {value for value, _ in found.values()}


def test_a_declaration_may_raise_the_threshold_of_small_cells(small):
    small.declare(SMALL.replace("source:\n", "small_cells_below: 25\nsource:\n", 1))
    assert small.opendata("refresh", "clinic_visits").code == 0
    found = {(r["Sex"], r["Age_Group"]): r["Persons"] for r in rows(small)}
    assert found["Male", "65+"] == "", "20 is small where the threshold is 25"
    release = next((small.staging / "clinic_visits" / "releases").iterdir())
    assert "<25: counts from 1 to 24 are blank" in (release / "dictionary" / "visits_by_sex.csv").read_text()


def test_a_declaration_may_not_lower_the_threshold(small):
    small.declare(SMALL.replace("source:\n", "small_cells_below: 5\nsource:\n", 1), suites=False)
    answer = small.opendata("check", "clinic_visits")
    assert answer.code == 2
    assert "may be raised, never lowered" in answer.err


def test_zeros_are_shown_as_zero(small):
    small.write_source(small.source.read_text().replace(",f,70", ",m,70"))
    assert small.opendata("refresh", "clinic_visits").code == 0
    found = {(r["Sex"], r["Age_Group"]): (r["Persons"], r["Persons_annotation"]) for r in rows(small)}
    assert found["Female", "65+"] == ("0", "")


def test_a_second_refresh_of_an_unchanged_source_stages_nothing(small):
    assert small.opendata("refresh", "clinic_visits").code == 0
    before = {p: p.stat().st_mtime_ns for p in small.staging.rglob("*")}
    again = small.opendata("refresh", "clinic_visits", "--json")
    assert again.json()["datasets"][0]["outcome"] == "unchanged"
    assert {p: p.stat().st_mtime_ns for p in small.staging.rglob("*")} == before
    assert len(small.releases_in_ledger()) == 1


def test_a_comment_in_the_declaration_changes_nothing(small):
    assert small.opendata("refresh", "clinic_visits").code == 0
    small.declare(SMALL + "# reviewed\n")
    assert small.opendata("refresh", "clinic_visits", "--json").json()["datasets"][0]["outcome"] == "unchanged"


def test_a_changed_source_becomes_a_new_release_and_the_old_one_stays(small):
    assert small.opendata("refresh", "clinic_visits").code == 0
    small.write_source(small.source.read_text() + "9001,f,33\n")
    assert small.opendata("refresh", "clinic_visits").code == 0
    listed = small.opendata("releases", "clinic_visits", "--json").json()["releases"]
    assert [r["current"] for r in listed].count(True) == 1
    assert len(listed) == 2
    assert {r["previous"] for r in listed} == {None, next(r["release"] for r in listed if not r["current"])}


def test_the_same_snapshot_declaration_and_code_give_the_same_bytes(small, tmp_path):
    assert small.opendata("refresh", "clinic_visits", "--staging", str(tmp_path / "one")).code == 0
    assert small.opendata("refresh", "clinic_visits", "--staging", str(tmp_path / "two")).code == 0

    def files(root):
        return {
            p.relative_to(root).as_posix(): p.read_bytes()
            for p in sorted(root.rglob("*"))
            if p.is_file() and p.name not in ("manifest.json", "current.json", "data.json")
        }

    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert any(name.endswith(".csv") for name in files(tmp_path / "one"))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_step_and_run_again_ends_in_the_same_staging(small, monkeypatch, step, when):
    assert small.opendata("refresh", "clinic_visits", "--staging", str(small.folder / "undisturbed")).code == 0
    expected = sorted(
        (p.relative_to(small.folder / "undisturbed").as_posix(), p.read_bytes())
        for p in (small.folder / "undisturbed").rglob("*")
        if p.is_file() and p.name not in ("manifest.json", "current.json", "data.json")
    )

    with monkeypatch.context() as killing:
        kill_at(killing, step, after=when == "after")
        with pytest.raises(Killed):
            small.opendata("refresh", "clinic_visits")
    again = small.opendata("refresh", "clinic_visits")
    assert again.code == 0, again.err
    found = sorted(
        (p.relative_to(small.staging).as_posix(), p.read_bytes())
        for p in small.staging.rglob("*")
        if p.is_file() and p.name not in ("manifest.json", "current.json", "data.json")
    )
    assert found == expected
    assert len(small.releases_in_ledger()) == 2, "one in each staging place"


def test_a_preview_stages_nothing_and_keeps_no_records(small):
    answer = small.opendata("preview", "clinic_visits", "--json")
    assert answer.code == 0, answer.err
    assert not small.staging.exists()
    kept = [p for p in (small.folder / "work").rglob("*") if p.is_file()]
    assert any(p.name == "index.html" for p in kept)
    assert not any("snapshot" in p.parts or "tables" in p.parts for p in kept)


def test_a_preview_shows_what_a_missing_approval_would_stop(small):
    small.declare(SMALL.replace("  - {role: legal_counsel, name: C, date: 2026-01-01, reference: F1}\n", ""))
    assert small.opendata("preview", "clinic_visits").code == 0
    assert small.opendata("refresh", "clinic_visits").code == 3


def test_records_leave_the_work_area_when_a_run_is_done(small):
    assert small.opendata("refresh", "clinic_visits").code == 0
    assert [p for p in (small.folder / "work").rglob("*") if p.is_file()] == []


def test_show_tells_why_every_decision_was_made(small):
    assert small.opendata("refresh", "clinic_visits").code == 0
    answer = small.opendata("show", "clinic_visits", "--json")
    decided = {d["slug"] for d in answer.json()["last_run"]["decisions"]}
    assert {
        "snapshot-taken",
        "quality-passed",
        "assessed",
        "high-risk-population",
        "protected",
        "approved",
        "staged",
    } <= decided
    assert "Clinic visits" in small.opendata("show", "clinic_visits").out


def test_check_finds_nothing_wrong_with_a_sound_declaration(small):
    answer = small.opendata("check", "--json")
    assert (answer.code, answer.json()["datasets"][0]["sound"]) == (0, True)


def test_check_lists_every_problem_of_a_broken_one(small):
    small.declare(SMALL.replace("topic: Health Care", "topic: Health"), suites=False)
    answer = small.opendata("check", "clinic_visits", "--json")
    assert answer.code == 2
    assert "did you mean" in answer.json()["datasets"][0]["problems"][0]


def test_a_weakened_suite_is_refused(small):
    path = small.folder / "great_expectations" / "expectations" / "clinic_visits__visits_by_sex__publishable.json"
    suite = json.loads(path.read_text())
    suite["expectations"] = suite["expectations"][1:]
    path.write_text(json.dumps(suite))
    answer = small.opendata("refresh", "clinic_visits")
    assert answer.code == 2
    assert "bin/opendata suites clinic_visits --write" in answer.err


def test_a_run_that_found_nothing_new_and_is_run_again_on_a_newer_source_is_told_as_staged(installation):
    """Its last step failed, and somebody cleared the whole run: the same run, the same folder of the work area."""
    from include.opendata.ledger import open_ledger

    installation.write_source()
    installation.declare()
    assert installation.opendata("refresh", "clinic_visits").code == 0
    run = start("clinic_visits", "scheduled__1")
    assert perform(run, "extract", "has_changed")[-1] == Comparison(changed=False)
    installation.write_source(installation.visits(women=1300))
    run = start("clinic_visits", "scheduled__1")
    assert perform(run, "extract", "has_changed")[-1] == Comparison(changed=True)
    perform(run, "check_quality", "tabulate", "assess", "protect", "check_publishable", "build_release")
    (_, staged, finished) = perform(run, "request_approvals", "stage", "finish")
    assert staged.staged
    assert finished == Finished(outcome="staged")
    assert open_ledger().run("clinic_visits", "scheduled__1").outcome == "staged"


def test_tables_of_columns_that_determine_one_another_hide_together(installation):
    """Each clinic is in one town: whoever reads both tables takes the clinics from their town."""
    town = (
        CLINIC.replace("Clinic", "Town")
        .replace("clinic", "town")
        .replace("{n: North, s: South, w: West}", "{x: X, y: Y}")
    )
    column = (
        "    - {name: town, type: text, label: Town, definition: The town., privacy: indirect_identifier}\nquality:"
    )
    declared = declaration(a_table(CLINIC, refresh="replace"), a_table(town, name="visits_by_town", refresh="replace"))
    installation.declare(declared.replace("quality:", column, 1), suites=False)
    header, *rows = extract("2022-01", n_f=5, n_m=0, s_f=60, w_f=20, w_m=10).splitlines()
    towns = [f"{row},{'y' if row.endswith('w') else 'x'}" for row in rows]
    installation.write_source("\n".join([f"{header},town", *towns]) + "\n")
    assert installation.opendata("suites", "clinic_visits", "--write").code == 0
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 0, answer.err
    data = {path: text.decode() for path, text in installation.staged().items() if "/data/" in path}
    (clinics,), (towns_shown,) = ([text for path, text in data.items() if name in path] for name in ("_month", "_town"))
    counts = {line.split(",")[0]: line.split(",")[1] for line in (clinics + towns_shown).splitlines()}
    assert counts["North"] == "", "5 visits"
    assert "" in (counts["South"], counts["X"]), "North is X without South; by its own table, West hides it"


@pytest.mark.parametrize(("quiet_seconds", "times"), [(0.0, 1), (3.0, 0)])
def test_what_a_long_step_is_doing_is_printed_once_and_of_a_short_one_nothing(
    installation, monkeypatch, quiet_seconds, times
):
    def reports_and_stops(run):
        progress.report("counting the records")
        raise Refused("that is all", remedy="None.", slug="no-rows")

    installation.write_source()
    installation.declare()
    monkeypatch.setattr(progress, "QUIET_SECONDS", quiet_seconds)
    monkeypatch.setattr(extract_step, "perform", reports_and_stops)
    answer = installation.opendata("refresh", "clinic_visits")
    assert "that is all" in answer.err
    assert answer.err.count("counting the records") == times
