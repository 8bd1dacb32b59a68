"""Bad input ends in words, in the right exit code, and in a staging and a list of releases that are as they were."""

import pytest

from tests.lib.declarations import SOUND

BAD_INPUT, REFUSED, UNFORESEEN = 2, 3, 1


@pytest.fixture
def refreshed(installation):
    """An installation with one release in staging, so that "as it was" means something."""
    installation.write_source()
    installation.declare()
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == 0, answer.err
    installation.before = (installation.staged(), installation.releases_in_ledger())
    assert installation.before[1]
    return installation


def refuses(installation, code: int, *needles: str) -> str:
    answer = installation.opendata("refresh", "clinic_visits")
    assert answer.code == code, answer.err
    assert "Traceback" not in answer.err
    for needle in ("clinic_visits", "What to do:", *needles):
        assert needle in answer.err
    assert (installation.staged(), installation.releases_in_ledger()) == installation.before
    return answer.err


def test_no_file(refreshed):
    refreshed.source.unlink()
    refuses(refreshed, BAD_INPUT)


def test_an_empty_file(refreshed):
    refreshed.write_source("")
    refuses(refreshed, BAD_INPUT, "empty")


def test_a_header_without_rows(refreshed):
    refreshed.write_source("id,sex,age\n")
    refuses(refreshed, BAD_INPUT)


def test_a_wrong_encoding(refreshed):
    refreshed.write_source(refreshed.visits().encode() + "9999,ñ,33\n".encode("latin-1"))
    refuses(refreshed, BAD_INPUT, "utf-8")


def test_ragged_rows(refreshed):
    refreshed.write_source(refreshed.visits() + "9999,f\n")
    refuses(refreshed, BAD_INPUT, "2102")


def test_a_missing_column(refreshed):
    refreshed.write_source(refreshed.visits().replace("id,sex,age", "id,sex,years", 1))
    text = refuses(refreshed, BAD_INPUT, "age")
    assert "years" in text, "a renamed column is named on both sides"


def test_an_extra_column(refreshed):
    lines = refreshed.visits().splitlines()
    refreshed.write_source("\n".join([lines[0] + ",name", *(line + ",x" for line in lines[1:])]) + "\n")
    refuses(refreshed, BAD_INPUT, "name", "unused_columns")


def test_a_duplicate_header(refreshed):
    refreshed.write_source(refreshed.visits().replace("id,sex,age", "id,sex,sex", 1))
    refuses(refreshed, BAD_INPUT, "sex")


def test_a_wrong_type_names_the_column_and_the_row_and_no_value(refreshed):
    refreshed.write_source(refreshed.visits() + "9999,f,forty-two\n")
    text = refuses(refreshed, BAD_INPUT, "column age", "integer")
    assert "forty" not in text


@pytest.mark.slow
def test_a_wrong_type_far_down_is_found_where_it_is(refreshed):
    rows = 4_711_002
    with refreshed.source.open("w") as out:
        out.write("id,sex,age\n")
        out.writelines(f"{n},f,33\n" for n in range(1, rows + 1))
        out.write(f"{rows + 1},f,?\n")
    refuses(refreshed, BAD_INPUT, "column age", "4,711,003")


def test_duplicate_keys(refreshed):
    refreshed.write_source(refreshed.visits() + "7,f,33\n")
    refuses(refreshed, REFUSED, "id")


def test_an_unknown_category(refreshed):
    refreshed.write_source(refreshed.visits() + "9999,x,33\n")
    text = refuses(refreshed, REFUSED, "sex")
    assert "'x'" not in text


def test_a_suite_that_does_not_exist(refreshed):
    refreshed.declare(SOUND.replace("clinic_visits__source", "clinic_visit__source"), suites=False)
    refuses(refreshed, BAD_INPUT, "clinic_visit__source")


def test_a_custom_expectation_that_cannot_be_imported(refreshed):
    plugins = refreshed.folder / "great_expectations" / "plugins"
    suite = refreshed.folder / "great_expectations" / "expectations" / "clinic_visits__source.json"
    text = suite.read_text()
    assert '"expectations": [' in text
    suite.write_text(
        text.replace('"expectations": [', '"expectations": [{"type": "expect_a_thing_nobody_wrote", "kwargs": {}},', 1)
    )
    assert plugins.is_dir()
    refuses(refreshed, BAD_INPUT, "expect_a_thing_nobody_wrote")


def test_no_rows_after_the_filter(refreshed):
    refreshed.declare(
        SOUND.replace("    dimensions:\n", "    filter: [{column: age, from: 150}]\n    dimensions:\n", 1)
    )
    refuses(refreshed, REFUSED, "visits_by_sex")


def test_a_declared_total_that_does_not_add_up(refreshed):
    refreshed.declare(SOUND + "    expected_totals: [{measure: Persons, total: 5000}]\n")
    refuses(refreshed, REFUSED, "visits_by_sex", "Persons")


def test_a_control_total_of_the_source_that_does_not_add_up(refreshed):
    refreshed.declare(SOUND.replace("quality: {suite", "  control_totals: [{total: 5000}]\nquality: {suite", 1))
    refuses(refreshed, REFUSED, "number of records")


def test_a_level_3_declaration(refreshed):
    refreshed.declare(SOUND.replace("prohibited_by_law: no", "prohibited_by_law: yes"))
    refuses(refreshed, REFUSED, "evel 3")


def test_a_missing_approval(refreshed):
    refreshed.declare(SOUND.replace("  - {role: legal_counsel, name: C, date: 2026-01-01, reference: F1}\n", ""))
    refuses(refreshed, REFUSED, "legal counsel")


def test_a_declaration_with_a_slip_of_the_pen(refreshed):
    refreshed.declare(SOUND.replace("limitations:", "limitation:"), suites=False)
    refuses(refreshed, BAD_INPUT, "did you mean `limitations`?")


def test_a_full_disk_under_the_work_area(refreshed, monkeypatch):
    """The operating system's answer is staged: filling a real file system needs a mount the tests may not make."""
    import errno

    from include.opendata.storage import atomic

    real = atomic.new_file

    def full(path, *args, **kwargs):
        if "snapshot.json" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, *args, **kwargs)

    refreshed.write_source(refreshed.visits(1300, 900))
    monkeypatch.setattr(atomic, "new_file", full)
    refuses(refreshed, UNFORESEEN, "full")


def test_an_unexpected_error_points_to_the_log_and_quotes_nothing(refreshed, monkeypatch):
    from include.opendata.pipeline import tabulate

    def broken(*args, **kwargs):
        raise ValueError("person 4711 has a rare disease")

    refreshed.write_source(refreshed.visits(1300, 900))
    monkeypatch.setattr(tabulate, "aggregate", broken)
    answer = refreshed.opendata("refresh", "clinic_visits")
    assert answer.code == UNFORESEEN
    assert "Unexpected error (ValueError)" in answer.err
    assert "unforeseen.log" in answer.err
    assert "4711" not in answer.err + answer.out
    told = refreshed.opendata("refresh", "clinic_visits", "--json").json()
    assert (told["slug"], told["exit_code"], told["details"]) == ("unexpected", UNFORESEEN, [])
    assert "unforeseen.log" in told["remedy"]
    assert "4711" not in str(told)
    assert (refreshed.staged(), refreshed.releases_in_ledger()) == refreshed.before


def test_an_unknown_dataset(installation):
    answer = installation.opendata("refresh", "nobody")
    assert answer.code == BAD_INPUT
    assert "no dataset called 'nobody'" in answer.err


def test_a_program_is_answered_in_json_and_nothing_else(refreshed):
    refreshed.write_source(refreshed.visits() + "9999,f,forty-two\n")
    answer = refreshed.opendata("refresh", "clinic_visits", "--json")
    told = answer.json()
    assert set(told) == {"slug", "what", "remedy", "place", "details", "exit_code"}
    assert told["place"] == {"dataset": "clinic_visits", "table": None, "column": "age"} | {
        "file": told["place"]["file"],
        "line": told["place"]["line"],
    }
    assert (told["slug"], told["exit_code"], answer.code) == ("wrong-type", BAD_INPUT, BAD_INPUT)
    assert told["what"] in answer.err
    assert told["remedy"] in answer.err
    assert "forty" not in answer.out


def test_bad_usage_answers_programs_too(installation):
    missing = installation.opendata("refresh", "--json")
    assert (missing.code, missing.json()["slug"]) == (BAD_INPUT, "usage")
    assert "bin/opendata refresh --help" in missing.json()["remedy"]
    unknown = installation.opendata("refesh", "--json")
    assert (unknown.code, unknown.json()["slug"]) == (BAD_INPUT, "usage")
    assert "'refresh'" in unknown.json()["what"]


def test_whoever_stops_a_command_is_told_what_that_means(installation, monkeypatch):
    def stopped(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("include.opendata.cli.summary.declared_ids", stopped)
    answer = installation.opendata("summary", "--json")
    assert (answer.code, answer.json()["slug"]) == (130, "interrupted")
    assert "Staging and the ledger are as they were" in answer.err


def test_bad_usage(installation):
    assert installation.opendata("refresh").code == BAD_INPUT
    assert installation.opendata("no-such-command").code == BAD_INPUT


def test_staging_that_is_not_supported(installation):
    installation.write_source()
    installation.declare()
    answer = installation.opendata("refresh", "clinic_visits", "--staging", "ftp://example.org/x")
    assert answer.code == BAD_INPUT
    assert "What to do:" in answer.err
