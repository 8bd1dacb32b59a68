"""A refresh started by hand with options: forced, tried dry, held to one table, noted."""

from __future__ import annotations

import json

import pytest

from tests.lib.declarations import SOUND
from tests.lib.run_steps import perform

TWO_TABLES = (
    SOUND
    + """\
  - table: visits_by_age
    title: Visits by age group
    description: Persons by age group.
    dimensions:
      - name: Age_Group
        label: Age group
        definition: Age in years.
        column: age
        bins: [{from: 0, to: 44, label: 0–44}, {from: 45, label: 45+}]
        scores_as: age_range
        total: All ages
    measures:
      - {name: Persons, kind: count, label: Persons, definition: Number of persons.}
"""
)


@pytest.fixture
def refreshed(installation):
    installation.write_source()
    installation.declare(TWO_TABLES)
    assert installation.opendata("refresh", "clinic_visits").code == 0
    return installation


def current(installation):
    return json.loads((installation.staging / "clinic_visits" / "current.json").read_text())["release"]


def outcome(answer):
    assert answer.code == 0, answer.err
    return answer.json()["datasets"][0]["outcome"]


def test_a_dry_run_does_everything_but_staging_also_where_nothing_has_changed(refreshed):
    before = refreshed.staged()
    answer = refreshed.opendata("refresh", "clinic_visits", "--dry-run", "--json")
    assert answer.code == 0, answer.err
    assert answer.json()["outcome"] == "previewed"
    assert refreshed.staged() == before


def test_force_stages_again_what_has_not_changed_and_a_note_says_why(refreshed):
    first = current(refreshed)
    assert outcome(refreshed.opendata("refresh", "clinic_visits", "--json")) == "unchanged"
    answer = refreshed.opendata("refresh", "clinic_visits", "--force", "--note", "the portal lost its files", "--json")
    assert outcome(answer) == "staged"
    assert current(refreshed) != first
    shown = refreshed.opendata("show", "clinic_visits")
    assert "the portal lost its files" in shown.out


def test_one_table_alone_may_change(refreshed):
    head, _, tail = TWO_TABLES.rpartition("Number of persons.")
    refreshed.declare(f"{head}Number of different persons.{tail}")
    before = refreshed.staged()
    refused = refreshed.opendata("refresh", "clinic_visits", "--only", "visits_by_sex")
    assert refused.code == 3
    assert "visits_by_age would change" in refused.err
    assert refreshed.staged() == before
    assert outcome(refreshed.opendata("refresh", "clinic_visits", "--only", "visits_by_age", "--json")) == "staged"


def test_one_table_alone_is_refused_where_the_source_changes_the_others_too(refreshed):
    refreshed.write_source(refreshed.visits(women=1300))
    before = refreshed.staged()
    refused = refreshed.opendata("refresh", "clinic_visits", "--only", "visits_by_age")
    assert (refused.code, "visits_by_sex would change" in refused.err) == (3, True)
    assert refreshed.staged() == before


def test_the_first_release_is_never_one_table_alone(installation):
    installation.write_source()
    installation.declare(TWO_TABLES)
    refused = installation.opendata("refresh", "clinic_visits", "--only", "visits_by_age")
    assert (refused.code, "no release is there yet" in refused.err) == (3, True)
    misnamed = installation.opendata("refresh", "clinic_visits", "--only", "visits_by_aeg")
    assert (misnamed.code, "did you mean 'visits_by_age'?" in misnamed.err) == (2, True)


def test_a_dry_run_is_not_staged_even_by_a_step_called_by_itself(refreshed):
    from include.opendata.errors import Refused
    from include.opendata.pipeline.start import start

    run = start("clinic_visits", "manual__1", dry_run=True)
    with pytest.raises(Refused) as refused:
        perform(run.model_copy(update={"preview": False}), "stage")
    assert refused.value.slug == "dry-run"


def test_an_option_nobody_knows_is_refused_with_the_list(refreshed):
    from include.opendata.errors import DeclarationError
    from include.opendata.pipeline.start import start

    with pytest.raises(DeclarationError) as refused:
        start("clinic_visits", "manual__1", dryrun=True, colour="blue")
    assert "'colour', 'dryrun'" in refused.value.what
    assert "did you mean 'dry_run'?" in str(refused.value)
    with pytest.raises(DeclarationError, match="force"):
        start("clinic_visits", "manual__1", force="yes")


def test_a_release_that_waited_while_another_was_staged_and_rolled_back_is_not_staged(refreshed):
    """The pointer is where it was; what stood there in between is public all the same, and nobody attacked the two together."""
    from include.opendata.errors import Refused
    from include.opendata.pipeline.refresh import RefreshRequest, run_refresh

    other = refreshed.folder / "other.csv"
    other.write_text(refreshed.visits(women=1300))
    first = current(refreshed)

    def meanwhile(step):
        if step == "stage":
            assert outcome(refreshed.opendata("refresh", "clinic_visits", "--source", str(other), "--json")) == "staged"
            assert refreshed.opendata("rollback", "clinic_visits").code == 0
            assert current(refreshed) == first

    refreshed.write_source(refreshed.visits(women=1303))
    with pytest.raises(Refused) as refused:
        run_refresh(RefreshRequest("clinic_visits"), meanwhile)
    assert refused.value.slug == "staging-moved"
    assert current(refreshed) == first
    assert refreshed.opendata("refresh", "clinic_visits").code == 0
