"""Great Expectations, guarded: its project, our own expectations, and what it leaves out without saying so.

One file context per process, over the folder under version control; a run reads it and writes nothing (``check`` never
stores a result). The library is imported here and only inside functions: it takes seconds. Its log is switched off, because
it quotes statements and the database's messages, and those can hold values of records; nothing is reported home.

What it drops in silence is looked for before: an expectation counts as importable only when it is the library's own or is
defined by a file in this project's ``plugins/``.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.opendata import places
from include.opendata.errors import DeclarationError, Place
from include.opendata.quality.suite_files import Suite, folder, read_suite
from include.opendata.storage.digests import sha256_of
from include.opendata.warehouse import Warehouse, duckdb_dialect

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite
    from great_expectations.validator.validator import Validator

LOCK = threading.RLock()
"""Held while a suite runs: the library keeps its expectations and its current context in globals."""


@dataclass(frozen=True)
class Project:
    """The loaded Great Expectations project."""

    folder: Path
    context: Any
    plugins: frozenset[str]
    """Names under which the files of ``plugins/`` were imported."""


_current: Project | None = None


def project() -> Project:
    """The project at ``places.expectations()``, loaded once per process (again when that folder is another one).

    Raises DeclarationError: ``expectations-missing`` (no project there), ``expectation-not-importable`` (a plugin fails).
    """
    global _current  # noqa: PLW0603 - one context per process is the point
    folder = places.expectations().resolve()
    with LOCK:
        if _current is None or _current.folder != folder:
            _current = _load(folder)
        return _current


def _load(folder: Path) -> Project:
    if not (folder / "great_expectations.yml").is_file():
        raise DeclarationError(
            "there is no Great Expectations project in the folder OPENDATA_EXPECTATIONS names",
            remedy="Point OPENDATA_EXPECTATIONS at the folder that holds great_expectations.yml, or leave it unset.",
            slug="expectations-missing",
        )
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx

    log = logging.getLogger("great_expectations")
    log.setLevel(logging.CRITICAL + 1)
    log.propagate = False

    duckdb_dialect.install()
    context = gx.get_context(mode="file", context_root_dir=str(folder))
    return Project(folder, context, frozenset(_import_plugins(folder / "plugins")))


def _import_plugins(folder: Path) -> list[str]:
    """Import every file of ``plugins/`` under a name of its own, so that two projects in one process do not mix."""
    names: list[str] = []
    for path in sorted(folder.glob("*.py")):
        name = f"opendata_plugin_{sha256_of(str(folder).encode())[:8]}_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            del sys.modules[name]
            raise DeclarationError(
                f"the expectations in plugins/{path.name} cannot be imported ({type(error).__name__}: {error})",
                remedy="Fix the file; a suite that needs them must not run without them.",
                slug="expectation-not-importable",
                place=Place(file=f"great_expectations/plugins/{path.name}"),
            ) from error
        names.append(name)
    return names


def importable(suite: Suite, *, place: Place) -> None:
    """Whether every expectation of ``suite`` exists and takes its arguments; asked before anything runs.

    Raises DeclarationError ``expectation-not-importable`` naming the types, ``expectation-arguments`` naming those whose
    arguments do not fit.
    """
    loaded = project()
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.registry import get_expectation_impl

    missing: list[str] = []
    unfit: list[str] = []
    for expectation in suite.expectations:
        try:
            found = get_expectation_impl(expectation["type"])
        except ExpectationNotFoundError:
            missing.append(expectation["type"])
            continue
        if not _belongs(found, loaded):
            missing.append(expectation["type"])
            continue
        try:
            found(**expectation["kwargs"])
        except Exception as error:  # noqa: BLE001 - whatever a class says to its arguments, the suite is at fault
            fields = sorted({str(e["loc"][0]) for e in error.errors()}) if hasattr(error, "errors") else []
            unfit.append(f"{expectation['type']}: {', '.join(fields) or type(error).__name__}")
    if missing:
        raise DeclarationError(
            f"the suite {suite.name} has expectations that cannot be imported: {', '.join(sorted(set(missing)))}",
            remedy="Check the spelling, or add the class to great_expectations/plugins/.",
            slug="expectation-not-importable",
            place=place,
        )
    if unfit:
        raise DeclarationError(
            f"the suite {suite.name} has expectations whose arguments do not fit",
            remedy="Correct these arguments in the suite's file.",
            slug="expectation-arguments",
            place=place,
            details=tuple(unfit),
        )


def _belongs(found: type, loaded: Project) -> bool:
    """Whether the class is the library's own, or stands in the plugins as they are now; the registry forgets nothing."""
    if found.__module__.startswith("great_expectations."):
        return True
    return found.__module__ in loaded.plugins and getattr(sys.modules[found.__module__], found.__name__, None) is found


def validator_on(warehouse: Warehouse) -> Validator:
    """The library's validator on the table of ``warehouse``, where it lies: no copy, no temporary table."""
    from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
    from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.validator.validator import Validator

    engine = SqlAlchemyExecutionEngine(engine=warehouse.engine, create_temp_table=False)
    data = SqlAlchemyBatchData(
        execution_engine=engine, table_name=warehouse.table, schema_name=warehouse.schema, create_temp_table=False
    )
    engine.load_batch_data(warehouse.table, data)
    return Validator(execution_engine=engine, data_context=project().context)


def _from_store(suite: Suite) -> ExpectationSuite:
    kept: ExpectationSuite = project().context.suites.get(suite.name)
    return kept


def _from_its_dataset(suite: Suite) -> ExpectationSuite:
    project()  # the library makes expectations against its current context
    from great_expectations.core import ExpectationSuite

    return ExpectationSuite(name=suite.name, expectations=[dict(expectation) for expectation in suite.expectations])


def load_suite(suite: Suite, *, place: Place) -> ExpectationSuite:
    """The suite as Great Expectations reads it from its store, or makes it of a dataset's own file.

    Raises DeclarationError ``expectation-not-importable`` when it kept other expectations than the file has.
    """
    loaded = _from_store(suite) if (folder() / f"{suite.name}.json").is_file() else _from_its_dataset(suite)
    kept = sorted(configuration.type for configuration in loaded.expectation_configurations)
    if kept != sorted(read_suite(suite.name, place=place).types) or kept != sorted(suite.types):
        lost = sorted(set(suite.types) - set(kept))
        raise DeclarationError(
            f"Great Expectations kept {len(kept)} of the {len(suite.types)} expectations of the suite {suite.name}"
            + (f"; it dropped {', '.join(lost)}" if lost else ""),
            remedy="Check these expectations' types and arguments.",
            slug="expectation-not-importable",
            place=place,
        )
    return loaded
