"""What a failure of the pipeline becomes in Airflow."""

from __future__ import annotations

import pytest

from include.opendata.errors import AuditFailed, DeclarationError, InputError, Refused, SetupError, StorageError

pytestmark = pytest.mark.usefixtures("embedded_airflow")


@pytest.mark.parametrize("kind", [Refused, AuditFailed, InputError, DeclarationError, SetupError])
def test_what_another_try_cannot_change_fails_at_once_with_the_words_for_people(kind):
    from dags.step_task import verdict

    error = kind("The table has no rows.", remedy="Mend the filter.", slug="no-rows")
    failure = verdict("tabulate", error)
    assert type(failure).__name__ == "AirflowFailException"
    assert str(failure) == "The table has no rows.\nWhat to do: Mend the filter."


def test_a_place_out_of_reach_may_be_tried_again():
    from dags.step_task import verdict

    failure = verdict("stage", StorageError("No answer.", remedy="Wait.", slug="out-of-reach"))
    assert type(failure).__name__ == "AirflowException"
    assert "What to do: Wait." in str(failure)


def test_a_source_that_did_not_answer_is_asked_again():
    from dags.step_task import verdict
    from include.opendata.sources import SourceUnreachable

    failure = verdict("extract", SourceUnreachable("No answer.", remedy="Wait.", slug="source-unreachable"))
    assert type(failure).__name__ == "AirflowException"


@pytest.mark.parametrize(("kind", "becomes"), [(OSError, "AirflowException"), (ValueError, "AirflowFailException")])
def test_an_unforeseen_error_keeps_its_message_to_itself_and_only_the_systems_errors_may_pass(kind, becomes):
    from dags.step_task import verdict

    def reads_a_record():
        raise kind("cannot parse 'Jane Roe'")

    try:
        reads_a_record()
    except kind as error:
        failure = verdict("extract", error)
    assert type(failure).__name__ == becomes
    assert kind.__name__ in str(failure)
    assert "reads_a_record" in str(failure)
    assert "Jane" not in str(failure)


def test_a_run_of_airflow_gives_a_name_fit_for_a_folder():
    from dags.step_task import pipeline_run_id

    name = pipeline_run_id("scheduled__2026-11-01T06:00:00+00:00")
    assert name == "scheduled__2026-11-01T06-00-00-00-00"
    assert pipeline_run_id("../../etc/passwd") == "-..-etc-passwd"
    assert pipeline_run_id("..") == "run"


def test_the_reason_of_a_failure_stands_after_the_fold_of_its_step(pipeline, tmp_path, caplog):
    from airflow.sdk.exceptions import AirflowFailException

    from dags.step_task import perform

    pipeline.raises["tabulate"] = [Refused("The table has no rows.", remedy="Mend the filter.", slug="no-rows")]
    run = {"dataset": "visits", "run_id": "one", "staging": str(tmp_path)}
    with caplog.at_level("INFO"), pytest.raises(AirflowFailException, match="no rows"):
        perform("tabulate", run, "visits_by_sex")
    folds = [record.getMessage() for record in caplog.records if record.getMessage().startswith("::")]
    assert folds == ["::group::tabulate visits_by_sex", "::endgroup::"]
