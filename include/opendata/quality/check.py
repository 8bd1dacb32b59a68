"""Runs a suite on a table and refuses when it is not met.

The suite runs where the table is, through SQLAlchemy, with results reduced to yes or no (BOOLEAN_ONLY); of what failed,
only the number of rows is asked for afterwards. Closed doors: a suite weaker than its declaration does not run; an empty
table is refused; an expectation that could not be evaluated refuses; as many expectations are evaluated as the file has, or
nothing passes. What a table should be is ``mandatory``'s matter and the steward's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from include.opendata.declaration.dataset import Dataset
from include.opendata.errors import DeclarationError, OpendataError, Place, Refused
from include.opendata.quality import gx_project
from include.opendata.quality.expected import Expectation
from include.opendata.quality.mandatory import mandatory_publishable, mandatory_source
from include.opendata.quality.report import ExpectationOutcome, QualityReport, failure
from include.opendata.quality.sentences import columns_of, sentence
from include.opendata.quality.suite_files import Suite, publishable_suite, read_suite
from include.opendata.quality.suites import not_weaker
from include.opendata.storage.system_errors import storage_errors
from include.opendata.vocabulary import ProtectedTable
from include.opendata.warehouse import Warehouse, open_snapshot

_MOST_SHOWN = 25

Record = Callable[[QualityReport], None]
"""Is given the report of every suite that ran to its end, before what does not meet it is refused."""


def _unrecorded(report: QualityReport) -> None:
    """The report is wanted by no one."""


def check_source(dataset: Dataset, warehouse: Warehouse, record: Record = _unrecorded) -> QualityReport:
    """Run the source's suite (``dataset.quality.suite``) on the records in ``warehouse``.

    Returns the report when the suite is met. Raises DeclarationError when the suite cannot be used (``suite-missing``,
    ``suite-malformed``, ``suite-empty``, ``suite-weaker-than-declaration``, ``expectation-not-importable``,
    ``expectation-arguments``, ``suite-parameter``), Refused ``quality-failed`` when the records do not meet it,
    ``quality-undecided`` when the database does not answer.
    """
    place = Place(dataset=dataset.dataset)
    report = _run(dataset.quality.suite, mandatory_source(dataset), warehouse, {}, place)
    record(report)
    _refuse_unless_passed(
        report,
        what=f"the source does not meet the suite {report.suite}",
        remedy="Ask the source's owner to correct it, or correct the declaration if the source is right; then refresh again.",
        slug="quality-failed",
        place=place,
    )
    return report


def check_publishable(
    dataset: Dataset, protected: ProtectedTable, folder: Path, record: Record = _unrecorded
) -> QualityReport:
    """Run the publishable suite of ``protected`` on exactly the columns and rows that would be published.

    ``folder`` lies in the work area; the table is there as Parquet while the suite runs. Returns the report when the
    suite is met. Raises the DeclarationErrors of :func:`check_source`, Refused ``not-publishable`` when the table does not
    meet it.
    """
    name = protected.structure.table
    place = Place(dataset=dataset.dataset, table=name)
    mandatory = mandatory_publishable(dataset, dataset.table(name))
    with storage_errors(dataset.dataset, "the work area"):
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".publishable-", dir=folder) as scratch:
        parquet = Path(scratch) / f"{name}.parquet"
        with storage_errors(dataset.dataset, "the work area"):
            protected.frame.to_parquet(parquet, index=False)
        with open_snapshot(parquet, dataset=dataset.dataset) as warehouse:
            suite = publishable_suite(dataset.dataset, name)
            report = _run(suite, mandatory, warehouse, {"masked": protected.masked}, place)
    record(report)
    _refuse_unless_passed(
        report,
        what=f"the table may not be published: it does not meet the suite {report.suite}",
        remedy="Nothing was published. This is a defect of the table's protection or its declaration; see what failed above.",
        slug="not-publishable",
        place=place,
    )
    return report


def _run(
    name: str, mandatory: list[Expectation], warehouse: Warehouse, parameters: dict[str, bool], place: Place
) -> QualityReport:
    suite = read_suite(name, place=place)
    not_weaker(suite, mandatory, place=place)
    with gx_project.LOCK:
        gx_project.importable(suite, place=place)
        loaded = gx_project.load_suite(suite, place=place)
        try:
            rows, outcomes = _evaluate(loaded, suite, warehouse, parameters)
        except Exception as error:  # noqa: BLE001 - a driver's message can quote a record; only its kind may go on
            raise _could_not_run(name, error, place) from None
    return QualityReport(
        suite=name,
        rows=rows,
        declared=len(suite.expectations),
        evaluated=len(outcomes),
        successful=sum(outcome.success for outcome in outcomes),
        expectations=tuple(outcomes),
    )


def _could_not_run(suite: str, error: Exception, place: Place) -> OpendataError:
    if type(error).__name__ == "SuiteParameterError":
        return DeclarationError(
            f"the suite {suite} asks for a parameter that no run gives; there is one, `masked`, for tables to be published",
            remedy="Write the value into the suite instead of the parameter.",
            slug="suite-parameter",
            place=place,
        )
    return Refused(
        f"the suite {suite} could not be run ({type(error).__name__})",
        remedy="See whether the database that holds the table can be reached and read, then refresh again.",
        slug="quality-undecided",
        place=place,
    )


def _evaluate(
    loaded: Any, suite: Suite, warehouse: Warehouse, parameters: dict[str, bool]
) -> tuple[int, list[ExpectationOutcome]]:
    """Rows of the table and the outcome of every expectation Great Expectations answered for."""
    validator = gx_project.validator_on(warehouse)
    configurations = validator.process_expectations_for_validation(loaded.expectation_configurations, parameters)
    results = validator.graph_validate(
        configurations=configurations,
        runtime_configuration={"result_format": {"result_format": "BOOLEAN_ONLY"}, "catch_exceptions": True},
    )
    with warehouse.engine.connect() as connection:
        counted = sa.select(sa.func.count()).select_from(sa.table(warehouse.table, schema=warehouse.schema))
        rows = int(connection.execute(counted).scalar_one())
    order = {kind: position for position, kind in enumerate(dict.fromkeys(suite.types))}
    outcomes = [_outcome(result, validator, rows) for result in results]
    return rows, sorted(
        outcomes, key=lambda outcome: (order.get(outcome.type, len(order)), outcome.columns, outcome.sentence)
    )


def _outcome(result: Any, validator: Any, rows: int) -> ExpectationOutcome:
    configuration = result.expectation_config
    arguments = {name: value for name, value in configuration.kwargs.items() if name != "batch_id"}
    decided = not _raised(result.exception_info)
    success = bool(result.success) and decided
    return ExpectationOutcome(
        type=configuration.type,
        columns=columns_of(arguments),
        sentence=sentence(configuration.type, arguments),
        success=success,
        decided=decided,
        failing_rows=None if success or not decided else _failing_rows(configuration, validator),
        severity=str(getattr(configuration.severity, "value", configuration.severity) or "critical"),  # type: ignore[arg-type]
    )


def _raised(information: Any) -> bool:
    """Whether anything was raised: the library gives one account, or one per metric."""
    if not isinstance(information, dict):
        return bool(information)
    if "raised_exception" in information:
        return bool(information["raised_exception"])
    return any(_raised(account) for account in information.values())


def _failing_rows(configuration: Any, validator: Any) -> int | None:
    """How many rows fall short, from the metrics that are counts; no value of a row is asked for."""
    expectation = configuration.to_domain_obj()
    boolean_only = {"result_format": {"result_format": "BOOLEAN_ONLY"}}
    needed = expectation.get_validation_dependencies(validator.execution_engine, boolean_only).metric_configurations
    own = [name for name in needed if name.endswith((".unexpected_count", ".rows_in_breach"))]
    chosen = [name for name in own if not name.startswith("column_values.nonnull.")] or own
    if not chosen:
        return None
    return int(validator.get_metric(needed[chosen[0]]))


def _refuse_unless_passed(report: QualityReport, *, what: str, remedy: str, slug: str, place: Place) -> None:
    if report.evaluated != report.declared or report.declared == 0:
        raise DeclarationError(
            f"{report.evaluated} of the {report.declared} expectations of the suite {report.suite} were evaluated",
            remedy="Check the suite's expectations; all of them must be evaluated before anything passes.",
            slug="expectation-not-importable",
            place=place,
        )
    if report.passed:
        return
    failed = sorted((o for o in report.expectations if o.refuses), key=lambda outcome: not outcome.decided)
    details = [failure(outcome, report.rows) for outcome in failed[:_MOST_SHOWN]]
    if len(failed) > _MOST_SHOWN:
        details.append(f"and {len(failed) - _MOST_SHOWN} more")
    raise Refused(what, remedy=remedy, slug=slug, place=place, details=tuple(details))
