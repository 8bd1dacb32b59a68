"""Tables that are appended to, updated and deleted from: what is published is what a full source gives, and no more."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.functional.test_refresh import STEPS
from tests.lib.monthly import (
    CLINIC,
    FEBRUARY,
    JANUARY,
    MARCH,
    MONTH,
    MONTHLY,
    SEX,
    Begun,
    a_table,
    declaration,
    extract,
    together,
)
from tests.lib.run_steps import Killed, kill_at


def current(installation):
    return json.loads((installation.staging / "clinic_visits" / "current.json").read_text())["release"]


def released(installation, path, release=None):
    folder = installation.staging / "clinic_visits" / "releases" / (release or current(installation))
    return (folder / path).read_text(encoding="utf-8")


def figures(installation, table="visits_by_month"):
    rows = list(csv.DictReader(io.StringIO(released(installation, f"data/{table}.csv"))))
    return {tuple(row[name] for name in row if not name.startswith("Persons")): row["Persons"] for row in rows}


def refresh(installation, source, *more):
    installation.write_source(source)
    return installation.opendata("refresh", "clinic_visits", *more)


def refused(installation, source, slug_words, *more):
    before = installation.staged()
    answer = refresh(installation, source, *more)
    assert answer.code == 3, answer.err
    assert slug_words in answer.err
    assert installation.staged() == before
    return answer


def said(installation):
    """Slug → the counts of the last run's decision."""
    from include.opendata.ledger import open_ledger

    ledger = open_ledger()
    return {d.slug: dict(d.figures) for d in ledger.decisions("clinic_visits", ledger.runs("clinic_visits")[0].run_id)}


def changes(installation, table="visits_by_month"):
    rows = csv.DictReader(io.StringIO(released(installation, f"changes/{table}.csv")))
    return {(row["Clinic"], row["Month"]): row["_change"] for row in rows}


@pytest.fixture(scope="module")
def january(tmp_path_factory):
    return Begun.with_release(tmp_path_factory.mktemp("monthly"), MONTHLY, JANUARY)


@pytest.fixture
def monthly(january, monkeypatch):
    """January is published."""
    return january.anew(monkeypatch)


def test_three_monthly_extracts_give_the_table_of_the_full_source(monthly):
    for source in (FEBRUARY, MARCH):
        assert refresh(monthly, source).code == 0
    appended = released(monthly, "data/visits_by_month.csv")
    shown = figures(monthly)
    assert [month for clinic, month in shown if clinic == "North"] == ["2022-01", "2022-02", "2022-03", "All months"]
    assert said(monthly)["appended"] == {"added": 3, "changed": 0, "removed": 0, "rows": 16}
    assert {key: change for key, change in changes(monthly).items() if key[0] == "South"} == {
        ("South", "2022-03"): "added",
        ("South", "All months"): "changed",
    }
    full = refresh(monthly, together(JANUARY, FEBRUARY, MARCH), "--whole", "--staging", str(monthly.folder / "other"))
    assert full.code == 0, full.err
    (other,) = (monthly.folder / "other" / "clinic_visits" / "releases").iterdir()
    assert (other / "data" / "visits_by_month.csv").read_text() == appended


def test_the_same_extract_again_publishes_nothing(monthly):
    assert refresh(monthly, FEBRUARY).code == 0
    before = monthly.staged()
    again = refresh(monthly, FEBRUARY, "--json")
    assert again.json()["datasets"][0]["outcome"] == "unchanged"
    assert monthly.staged() == before


def test_the_extract_merged_last_is_not_merged_again_when_the_declaration_changes(monthly):
    assert refresh(monthly, FEBRUARY).code == 0
    appended = released(monthly, "data/visits_by_month.csv")
    monthly.declare(MONTHLY.replace("limitations: None known.", "limitations: Counted by clinic."))
    assert refresh(monthly, FEBRUARY).code == 0
    assert released(monthly, "data/visits_by_month.csv") == appended
    assert "merged-before" in said(monthly)


def test_a_key_that_is_published_is_an_error_and_no_duplicate(monthly):
    answer = refused(monthly, together(JANUARY, FEBRUARY), "3 keys are of this extract published already")
    assert "--whole" in answer.err
    refused(monthly, extract("2022-01", n_f=1), "1 key is of this extract published already")


def test_without_what_stood_an_append_is_refused_and_the_full_source_begins_anew(monthly):
    import shutil

    shutil.rmtree(monthly.folder / "work" / ".standing")
    answer = refused(monthly, FEBRUARY, "nothing is kept of what release", "--json")
    assert answer.json()["slug"] == "standing-missing"
    assert "--whole --source FULL" in answer.err
    assert refresh(monthly, together(JANUARY, FEBRUARY), "--whole").code == 0
    assert refresh(monthly, MARCH).code == 0
    assert figures(monthly)["North", "2022-01"] == "100"


def test_what_stood_is_readable_by_its_owner_alone_and_goes_with_its_release(monthly):
    from include.opendata.storage import sweep

    assert refresh(monthly, FEBRUARY).code == 0
    root = monthly.folder / "work" / ".standing"
    kept = sorted(path.name for path in (root / "clinic_visits").iterdir())
    assert len(kept) == 2
    for path in root.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert sweep(older_than_days=-1) == 0
    gone = next(name for name in kept if name != current(monthly))
    assert monthly.opendata("prune", "clinic_visits", "--keep", "1").code == 0
    assert refresh(monthly, MARCH).code == 0
    assert gone not in {path.name for path in (root / "clinic_visits").iterdir()}


@pytest.mark.parametrize("damage", ["changed", "of another table"])
def test_figures_that_are_not_those_published_are_refused(monthly, damage):
    from include.opendata.storage.base_figures import BaseFigureStore
    from include.opendata.tables.increments.base_figures import BaseFigures

    store, release = BaseFigureStore(), current(monthly)
    if damage == "changed":
        (store.root / "clinic_visits" / release / "visits_by_month.parquet").write_bytes(b"?")
        words, slug = "are not as they were written", "standing-unreadable"
    else:
        standing = BaseFigures.from_files(store.read("clinic_visits", release), dataset="clinic_visits")
        standing.tables["visits_by_month"].values["Persons"][0] += 1
        store.write("clinic_visits", release, standing.to_files())
        words, slug = "published rows are not what was kept", "standing-differs"
    monthly.write_source(FEBRUARY)
    answer = monthly.opendata("refresh", "clinic_visits", "--json")
    assert (answer.code, answer.json()["slug"]) == (1, slug)
    assert words in answer.err
    assert current(monthly) == release


def test_other_categories_are_not_merged_with(monthly):
    monthly.declare(MONTHLY.replace("{n: North, s: South, w: West}", "{n: North, s: South, w: Western}"))
    answer = refused(monthly, FEBRUARY, "makes other categories or counts other figures", "--json")
    assert answer.json()["slug"] == "standing-of-another-shape"


def test_an_append_cannot_show_what_was_hidden(monthly, tmp_path):
    """South has 3 in January. February by itself would be shown in full, and with the total it would give January away."""
    few = extract("2022-01", n_f=60, s_f=3, w_f=80)
    monthly.staging.rename(tmp_path / "aside")
    assert refresh(monthly, few, "--whole").code == 0
    assert figures(monthly)["South", "2022-01"] == ""
    assert refresh(monthly, FEBRUARY).code == 0
    shown = figures(monthly)
    assert shown["South", "2022-01"] == ""
    assert "" in (shown["South", "2022-02"], shown["South", "All months"])
    assert "" in (shown["North", "2022-01"], shown["West", "2022-01"], shown["All clinics", "2022-01"])


def test_an_update_replaces_rows_by_key_and_a_repeat_of_it_nothing(installation):
    installation.declare(declaration(a_table(CLINIC, MONTH, refresh="update")))
    assert refresh(installation, together(JANUARY, FEBRUARY)).code == 0
    corrected = extract("2022-02", n_f=30, n_m=30, w_f=77)
    assert refresh(installation, corrected).code == 0
    shown = figures(installation)
    assert (shown["North", "2022-01"], shown["North", "2022-02"], shown["North", "All months"]) == ("100", "60", "160")
    assert shown["South", "2022-02"] == "32", "its key is not in the extract"
    assert said(installation)["updated"] == {"added": 0, "changed": 2, "removed": 0, "rows": 12}
    assert changes(installation)["West", "2022-02"] == "changed"
    assert ("South", "2022-02") not in changes(installation)


def test_an_update_that_changes_a_hidden_count_alone_is_not_lost(installation):
    """Nothing public changes, so nothing is staged; the next extract builds on what was corrected all the same."""
    table = a_table(CLINIC, MONTH.replace("        total: All months\n", ""), refresh="update").replace(
        "        total: All clinics\n", ""
    )
    installation.declare(declaration(table))
    assert refresh(installation, extract("2022-01", n_f=40, s_f=3, w_f=50)).code == 0
    answer = refresh(installation, extract("2022-01", s_f=4), "--json")
    assert answer.json()["datasets"][0]["outcome"] == "unchanged"
    assert refresh(installation, extract("2022-02", n_f=44)).code == 0

    from include.opendata.storage.base_figures import BaseFigureStore
    from include.opendata.tables.increments.base_figures import BaseFigures

    files = BaseFigureStore().read("clinic_visits", current(installation))
    rows = BaseFigures.from_files(files, dataset="clinic_visits").tables["visits_by_month"]
    assert sorted(rows.values["Persons"].tolist()) == [4, 40, 44, 50]


def test_a_delete_removes_the_rows_an_extract_names(installation):
    table = a_table(CLINIC, MONTH, refresh="{mechanism: delete, key: [Clinic]}", more="    absent_combinations: omit\n")
    installation.declare(declaration(table))
    assert refresh(installation, together(JANUARY, FEBRUARY)).code == 0
    assert refresh(installation, extract("2022-02", s_f=1)).code == 0
    assert {clinic for clinic, _ in figures(installation)} == {"North", "West", "All clinics"}
    assert said(installation)["deleted"] == {"added": 0, "changed": 0, "removed": 2, "rows": 9}
    assert changes(installation)["South", "2022-01"] == "removed"
    refused(installation, extract("2022-03", s_f=2), "1 key is to be removed not in the table")


def test_a_rule_deletes_what_is_older(installation):
    rule = "{mechanism: delete, remove: {dimension: Month, before: 2022-02}}"
    everything = together(JANUARY, FEBRUARY, MARCH)
    installation.declare(declaration(a_table(CLINIC, MONTH, refresh=rule.replace("2022-02", "2022-01"))))
    assert refresh(installation, everything).code == 0
    installation.declare(declaration(a_table(CLINIC, MONTH, refresh=rule)))
    assert refresh(installation, everything).code == 0
    assert {month for _, month in figures(installation)} == {"2022-02", "2022-03", "All months"}
    assert said(installation)["deleted"]["removed"] == 3


def test_an_append_lets_go_of_what_is_older_than_its_rule_says(installation):
    rule = "{mechanism: append, remove: {dimension: Month, older_than: 2 months}}"
    installation.declare(declaration(a_table(CLINIC, MONTH, refresh=rule)))
    for source in (JANUARY, FEBRUARY, MARCH):
        assert refresh(installation, source).code == 0
    assert {month for _, month in figures(installation)} == {"2022-02", "2022-03", "All months"}
    assert said(installation)["appended"] == {"added": 3, "changed": 0, "removed": 3, "rows": 12}


def test_a_table_is_replaced_beside_one_that_is_appended_to_from_the_same_extract(installation):
    installation.declare(declaration(a_table(CLINIC, MONTH), a_table(CLINIC, SEX, name="latest", refresh="replace")))
    assert refresh(installation, JANUARY).code == 0
    assert refresh(installation, FEBRUARY).code == 0
    running, latest = figures(installation), figures(installation, "latest")
    assert (running["North", "2022-01"], running["North", "2022-02"]) == ("100", "105")
    assert latest["North", "Both sexes"] == "105"
    again = refresh(installation, FEBRUARY, "--json")
    assert again.json()["datasets"][0]["outcome"] == "unchanged"
    late = together(extract("2022-01", n_f=1).replace(",n", ",w"), MARCH)
    refused(installation, late, "published already")


def whole(installation):
    """Every file of staging that tells no time."""
    times = ("manifest.json", "current.json", "data.json")
    return {name: content for name, content in installation.staged().items() if not name.endswith(times)}


@pytest.fixture(scope="module")
def undisturbed(january):
    """What is staged after January and February without any harm."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        installation = january.anew(monkeypatch)
        assert refresh(installation, FEBRUARY).code == 0
        return whole(installation)


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_an_append_killed_at_any_step_and_run_again_appends_once(undisturbed, monthly, monkeypatch, step):
    with monkeypatch.context() as killing:
        kill_at(killing, step, after=True)
        with pytest.raises(Killed):
            refresh(monthly, FEBRUARY)
    assert refresh(monthly, FEBRUARY).code == 0
    assert whole(monthly) == undisturbed
    assert figures(monthly)["North", "All months"] == "205"
    assert len(monthly.releases_in_ledger()) == 2


@pytest.mark.parametrize(
    "moment", ["before the figures are kept", "before the release is staged", "after it is staged"]
)
def test_an_append_killed_while_it_is_staged_appends_once(monthly, monkeypatch, moment):
    from include.opendata.pipeline import stage
    from include.opendata.staging.local import LocalStaging

    def dies(*arguments, **named):
        raise Killed

    with monkeypatch.context() as killing:
        if moment == "before the figures are kept":
            killing.setattr(stage, "keep_base_figures", dies)
        elif moment == "before the release is staged":
            killing.setattr(LocalStaging, "publish", dies)
        else:
            killing.setattr(stage, "record_release", dies)
        with pytest.raises(Killed):
            refresh(monthly, FEBRUARY)
    assert refresh(monthly, FEBRUARY).code == 0
    assert figures(monthly)["North", "All months"] == "205"
    assert len(monthly.releases_in_ledger()) == 2
    assert refresh(monthly, MARCH).code == 0
    assert figures(monthly)["North", "All months"] == "260"


def test_tables_shown_in_full_are_refused_where_another_column_tells_what_was_hidden_before(installation):
    """North and South were hidden; every record of South is of a man and nobody else's is, and men would be shown."""
    installation.write_source(extract("2022-01", n_f=3, s_m=40, w_f=50))
    installation.declare(declaration(a_table(CLINIC, refresh="replace")))
    assert installation.opendata("refresh", "clinic_visits").code == 0
    assert [key for key, count in figures(installation).items() if not count] == [("North",), ("South",)]
    in_full = a_table(SEX, name="by_sex", refresh="replace").replace("    high_risk_populations: [homelessness]\n", "")
    installation.declare(declaration(in_full))
    refused(installation, extract("2022-01", n_f=3, s_m=40, w_f=50), "follow from one another")
