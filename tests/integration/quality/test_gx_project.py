"""What Great Expectations would let pass in silence, and what it must leave alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from include.opendata import places
from include.opendata.declaration.light import declared_ids
from include.opendata.declaration.load import load
from include.opendata.errors import DeclarationError, Place, Refused
from include.opendata.quality import check_publishable, check_source, check_suites, gx_project
from include.opendata.quality.suite_files import Suite, read_suite, suite_names

SUITE = "homicides_by_county__source"
PUBLISHABLE = "homicides_by_county__homicides_by_county_and_period__publishable"


def refusal(call) -> DeclarationError:
    with pytest.raises(DeclarationError) as caught:
        call()
    assert caught.value.exit_code == 2
    return caught.value


@pytest.fixture
def check(homicides, warehouse_of):
    """A function: check the unspoiled source."""

    def run():
        with warehouse_of(homicides) as warehouse:
            return check_source(load("homicides_by_county"), warehouse)

    return run


def test_a_misspelt_expectation_is_named_before_anything_runs(check, edit_suite, monkeypatch):
    edit_suite(SUITE, lambda s: s["expectations"].append({"type": "expect_colum_to_be_fine", "kwargs": {}}))
    monkeypatch.setattr("include.opendata.quality.check._evaluate", lambda *_: pytest.fail("the suite ran"))
    error = refusal(check)
    assert error.slug == "expectation-not-importable"
    assert "expect_colum_to_be_fine" in error.what


def test_a_removed_class_is_named_though_an_earlier_project_had_it(by_period, tmp_path, check, project):
    check()
    plugin = project / "plugins" / "opendata_expectations.py"
    plugin.write_text(plugin.read_text().replace("class ExpectBlankToBeAnnotated", "class ExpectSomethingElse"))
    gx_project._current = None
    error = refusal(lambda: check_publishable(load("homicides_by_county"), by_period, tmp_path))
    assert error.slug == "expectation-not-importable"
    assert error.what.endswith("cannot be imported: expect_blank_to_be_annotated")


def test_plugins_that_cannot_be_imported_stop_everything(check, project):
    (project / "plugins" / "opendata_expectations.py").write_text("import no_such_library\n")
    error = refusal(check)
    assert error.slug == "expectation-not-importable"
    assert "no_such_library" in error.what


def test_an_expectation_dropped_after_that_check_is_caught_by_the_count(check, edit_suite, monkeypatch):
    edit_suite(SUITE, lambda s: s["expectations"].append({"type": "expect_colum_to_be_fine", "kwargs": {}}))
    monkeypatch.setattr(gx_project, "importable", lambda *_, **__: None)
    error = refusal(check)
    assert error.slug == "expectation-not-importable"
    assert "kept 22 of the 23" in error.what
    assert "expect_colum_to_be_fine" in error.what


def test_fewer_evaluated_than_declared_passes_nothing(check, monkeypatch):
    from include.opendata.quality import check as module

    evaluate = module._evaluate
    monkeypatch.setattr(module, "_evaluate", lambda *a: (lambda rows, outcomes: (rows, outcomes[1:]))(*evaluate(*a)))
    error = refusal(check)
    assert error.slug == "expectation-not-importable"
    assert "21 of the 22 expectations" in error.what


def test_arguments_an_expectation_does_not_take_are_refused(check, edit_suite):
    wrong = {"type": "expect_key_to_be_unique", "kwargs": {"columns": ["year"], "mostly": 0.5}}
    edit_suite(SUITE, lambda s: s["expectations"].append(wrong))
    error = refusal(check)
    assert error.slug == "expectation-arguments"
    assert error.details == ("expect_key_to_be_unique: mostly",)


def test_a_parameter_that_nobody_gives_is_a_mistake_in_the_suite(check, edit_suite):
    def ask(suite):
        suite["expectations"].append(
            {
                "type": "expect_column_max_to_be_between",
                "kwargs": {"column": "year", "max_value": {"$PARAMETER": "last"}},
            }
        )

    edit_suite(SUITE, ask)
    assert refusal(check).slug == "suite-parameter"


def test_a_database_that_fails_refuses_without_quoting_it(homicides, warehouse_of, monkeypatch):
    from include.opendata.quality import check as module

    def fail(*_):
        raise RuntimeError("could not convert string 'Zaphod-Q77'")

    monkeypatch.setattr(module, "_evaluate", fail)
    with pytest.raises(Refused) as caught, warehouse_of(homicides) as warehouse:
        check_source(load("homicides_by_county"), warehouse)
    assert caught.value.slug == "quality-undecided"
    assert "RuntimeError" in caught.value.what
    assert caught.value.__suppress_context__
    assert "Zaphod" not in str(caught.value)


def test_a_folder_without_a_project_is_refused(check, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENDATA_EXPECTATIONS", str(tmp_path))
    assert refusal(check).slug == "suite-missing"
    assert refusal(gx_project.project).slug == "expectations-missing"


def test_a_run_writes_nothing_into_the_project(check, project):
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    check()
    after = {
        path: path.read_bytes() for path in project.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert after == before
    assert not (project / "uncommitted").exists()


@pytest.mark.parametrize("dataset", declared_ids())
def test_the_suites_of_every_declared_dataset_can_be_used(dataset):
    check_suites(load(dataset))


def test_every_committed_suite_is_read_whole():
    for name in suite_names():
        suite = read_suite(name, place=Place())
        gx_project.importable(suite, place=Place())
        assert len(gx_project.load_suite(suite, place=Place()).expectations) == len(suite.expectations)


def test_every_expectation_of_ours_has_a_sentence():
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    from include.opendata.quality.sentences import _SENTENCES

    plugins = gx_project.project().plugins
    ours = [
        kind
        for kind in list_registered_expectation_implementations()
        if get_expectation_impl(kind).__module__ in plugins and not get_expectation_impl(kind).is_abstract()
    ]
    assert len(ours) > 10
    assert set(ours) <= set(_SENTENCES)


def test_a_suite_of_types_registered_elsewhere_is_not_importable():
    gx_project.project()
    from great_expectations.expectations.core import ExpectColumnValuesToNotBeNull

    type("ExpectStrayClass", (ExpectColumnValuesToNotBeNull,), {"__module__": "somewhere"})
    stray = Suite("stray", ({"type": "expect_stray_class", "kwargs": {"column": "a"}},))
    assert refusal(lambda: gx_project.importable(stray, place=Place())).slug == "expectation-not-importable"


@pytest.fixture
def in_a_process(tmp_path):
    """A function: run Python in a process of its own, from the project's root; its standard output as JSON."""

    def run(code: str) -> dict:
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            cwd=places.ROOT,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(places.ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return json.loads(done.stdout.splitlines()[-1])

    return run


def test_the_library_wins_over_the_folder_of_its_name(in_a_process):
    found = in_a_process("import json, sys, great_expectations as gx; print(json.dumps([sys.path[:2], gx.__file__]))")
    assert str(places.ROOT) in found[0]
    assert Path(found[1]).parent != places.ROOT / "great_expectations"
    assert not (places.ROOT / "great_expectations" / "__init__.py").exists()


def test_the_room_is_imported_without_the_library(in_a_process):
    heavy = in_a_process(
        """
        import json, sys
        import include.opendata.quality
        print(json.dumps([name for name in sys.modules if name.split(".")[0] == "great_expectations"]))
        """
    )
    assert heavy == []


def test_nothing_is_reported_home(in_a_process):
    told = in_a_process(
        """
        import json, socket
        def refuse(*a, **k): raise AssertionError("the network was asked for")
        socket.socket.connect = refuse
        socket.getaddrinfo = refuse
        from include.opendata.quality import gx_project
        from include.opendata.quality.suite_files import suite_names
        project = gx_project.project()
        project.context.suites.get(suite_names()[0])
        print(json.dumps(project.context.variables.analytics_enabled))
        """
    )
    assert told is False
