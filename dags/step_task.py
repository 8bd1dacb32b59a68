"""How a step of the pipeline runs inside an Airflow task: where a run begins, and what a failure becomes.

Decides four things and no more:

- the name of a run and where it stages, from Airflow's run id and the Variable ``opendata_staging``;
- whether and where a release is published: the Variable ``opendata_portal`` names the Airflow connection of a portal, whose
  password is the token; empty means not at all;
- which failures are worth another try: a place out of reach is; a refusal, a broken declaration, a source that is not
  as declared or a defect is not;
- what reaches the log of a failed task: the sentence written for people, and for a defect of ours its kind and the
  lines of code it passed. Never the message or the variables of a foreign exception, which may quote a record.
"""

from __future__ import annotations

import logging
import os
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from airflow.sdk import Connection, Variable, get_current_context, task
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    AirflowRuntimeError,
    AirflowSkipException,
)

from dags.approvers import accepting_user
from dags.staging_access import staging_access
from dags.trigger_form import filled_in
from include.opendata import places
from include.opendata.errors import AuditFailed, DeclarationError, InputError, OpendataError, Refused, SetupError
from include.opendata.pipeline import door
from include.opendata.pipeline.steps import Pool, step_named

if TYPE_CHECKING:
    from dags.task_types import RunReference, StepFunction, StepTask
    from include.opendata.pipeline.publish import PortalTarget
    from include.opendata.pipeline.results import PublishedOnPortal, Result
    from include.opendata.pipeline.run import Run

T = TypeVar("T")

log = logging.getLogger(__name__)
# Hundreds of lines on its own registries in every task that runs a suite; what it found is reported by the step.
logging.getLogger("great_expectations").setLevel(logging.WARNING)

# The installation names the pools, because a task whose pool does not exist waits for ever without a word.
POOLS: dict[Pool, str] = {
    "heavy": os.environ.get("OPENDATA_HEAVY_POOL") or "default_pool",
    "portal": os.environ.get("OPENDATA_PORTAL_POOL") or "default_pool",
}
SETTLED = (DeclarationError, InputError, SetupError, Refused, AuditFailed)
STAGING_VARIABLE = "opendata_staging"
PORTAL_VARIABLE = "opendata_portal"


def begin(dataset: str) -> RunReference:
    """The reference to this run that every later step is given: small, and free of data."""
    from include.opendata.pipeline.start import start

    airflow_run = get_current_context()["run_id"]
    asked = translate_errors("start", None, filled_in)
    source = asked.pop("source", None)
    if "accept_changes" in asked:
        asked["by"] = accepting_user(dataset)
    run = translate_errors(
        "start",
        None,
        lambda: start(
            dataset,
            run_id=pipeline_run_id(airflow_run),
            source=None if source is None else str(source),
            staging=staging_place(),
            **asked,
        ),
    )
    return run.model_dump(mode="json")


def read_run(reference: RunReference) -> Run:
    """The run a reference stands for."""
    from include.opendata.pipeline.run import Run

    return Run.model_validate(reference)


def airflow_task(**options: Any) -> Callable[[StepFunction], StepTask]:
    """Airflow's ``@task`` with these options (``TaskOptions``), for a task that hands on one value.

    Left to itself, Airflow reads the annotation of the result and also hands on every member of a ``dict`` by its name:
    a call of its server for each of them, which no one reads.
    """
    return cast("Callable[[StepFunction], StepTask]", task(multiple_outputs=False, **options))


def skip_in_a_dry_run(reference: RunReference) -> None:
    """In a run that was started to look only, no one is asked and nothing leaves the work area."""
    if read_run(reference).preview:
        raise AirflowSkipException("A dry run: no one is asked, nothing is staged or published.")


def run_step_without_run(step: str, call: Callable[[], T]) -> T:
    """What ``call`` returns, a step of another story than a refresh; a failure as this module describes."""
    return translate_errors(step, None, call)


def perform(step: str, reference: RunReference, table: str | None = None) -> Result:
    """Perform a step of the list (``pipeline.steps``) for this run; a failure as this module describes.

    The task's log shows, folded under the step's name, the sentences the step recorded in the ledger; the reason of a failure
    stands after the fold.
    """
    from include.opendata.pipeline import ledger_summary

    run = read_run(reference)
    with log_fold(step if table is None else f"{step} {table}"):
        result = translate_errors(step, run, lambda: door.perform(step_named(step), run, table))
        for sentence in translate_errors(step, None, lambda: ledger_summary.sentences(run, step, table)):
            log.info("%s", sentence)
    return result


@contextmanager
def log_fold(title: str) -> Iterator[None]:
    """What is logged within it is folded under ``title``. It ends before the reason of a failure is logged: Airflow writes
    that next, and it must not be folded away."""
    log.info("::group::%s", title)
    try:
        yield
    finally:
        log.info("::endgroup::")


def fail(step: str, run: Run, message: str) -> NoReturn:
    """End the task for good with a message for people, recorded in the ledger too."""
    _note_in_ledger(step, run, message)
    raise AirflowFailException(message)


def publish_if_configured(reference: RunReference) -> PublishedOnPortal:
    """Publish the current release on the configured portal; skipped where none is configured.

    The ledger's record of publications has a failure already, and the run itself ended well: so nothing is noted of it here.
    """
    from include.opendata.pipeline import publish

    skip_in_a_dry_run(reference)
    name = Variable.get(PORTAL_VARIABLE, default=None)
    if not name:
        raise AirflowSkipException(f"No portal is configured: the Variable {PORTAL_VARIABLE} names no connection.")
    target = portal_target(portal_connection(name))
    return translate_errors("publish", None, lambda: publish.publish_current(read_run(reference), target))


def portal_target(connection: Connection) -> PortalTarget:
    """The portal of an Airflow connection: host (an address, or a name to go with conn_type and port), password or extra
    ``token`` (the token), extra (``profile``, ``organization``, ``timeout``)."""
    from include.opendata.pipeline.publish import PortalTarget
    from include.opendata.portals.ckan import PortalAccess

    extra = connection.extra_dejson
    token = connection.password or extra.get("token") or ""
    return PortalTarget(
        access=PortalAccess(_portal_address(connection), token, timeout=float(extra.get("timeout") or 120)),
        profile=extra.get("profile") or "chhs",
        organization=extra.get("organization") or None,
    )


def _portal_address(connection: Connection) -> str:
    host = connection.host or ""
    if "://" in host:
        return host
    scheme = connection.schema or (connection.conn_type if connection.conn_type in ("http", "https") else "https")
    port = f":{connection.port}" if connection.port else ""
    return f"{scheme}://{host}{port}"


def portal_connection(name: str) -> Connection:
    """The connection of a portal. Fails the task where Airflow has none of that name."""
    try:
        connection: Connection = Connection.get(name)
        return connection
    except (AirflowNotFoundException, AirflowRuntimeError):
        missing = name
    raise AirflowFailException(
        f"The Variable {PORTAL_VARIABLE} names the connection {missing}, and there is none of that name.\n"
        f"What to do: make it (host: the portal's address, password: the token), or empty the Variable."
    )


def pipeline_run_id(airflow_run_id: str) -> str:
    """Airflow's run id as a name fit for a folder: the same run keeps its folder when a task is tried again."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", airflow_run_id).lstrip(".") or "run"


def staging_place() -> str | None:
    """Where to stage: the environment of the worker first, then Airflow's Variable, else the pipeline's default."""
    if os.environ.get("OPENDATA_STAGING"):
        return None
    return Variable.get(STAGING_VARIABLE, default=None) or None


def verdict(step: str, error: Exception) -> AirflowException:
    """The exception an Airflow task fails with, for an exception of the pipeline."""
    if isinstance(error, SETTLED) and not getattr(error, "retryable", False):
        return AirflowFailException(str(error))
    if isinstance(error, OpendataError):
        return AirflowException(str(error))
    passed = " <- ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
        for frame in reversed(traceback.extract_tb(error.__traceback__))
    )
    # Of unexpected errors, only what the operating system or the network says can pass by itself.
    kind = AirflowException if isinstance(error, OSError) else AirflowFailException
    return kind(
        f"An unexpected {type(error).__name__} in step {step}, a defect of the pipeline or of its surroundings; its "
        f"message is withheld because it may quote a record. It passed: {passed}\n"
        f"What to do: run `bin/opendata preview` for the dataset on a machine that may see the data, and report the "
        f"kind and the lines above."
    )


def translate_errors(step: str, run: Run | None, call: Callable[[], T]) -> T:
    """What ``call`` returns; whatever it raises becomes an exception of Airflow's, recorded in the ledger for a known run."""
    try:
        with staging_access((run.staging if run is not None else None) or staging_place() or places.staging()):
            return call()
    except Exception as error:  # noqa: BLE001 - whatever it is, its message must not reach the log unread
        failure = verdict(step, error)
    if run is not None and (isinstance(failure, AirflowFailException) or _is_last_try()):
        _note_in_ledger(step, run, str(failure))
    # Raised here, outside the handler, so that no chain leads back to the original exception and its variables.
    raise failure


def _is_last_try() -> bool:
    ti = get_current_context()["ti"]
    return ti.try_number > (ti.max_tries or 0)


def _note_in_ledger(step: str, run: Run, message: str) -> None:
    from include.opendata.pipeline import run_context

    try:
        run_context.record_failure(run, step, message)
    except Exception as error:  # noqa: BLE001 - the step's own failure must stay the one people read
        log.error("This failure could not be recorded in the ledger either (%s).", type(error).__name__)
