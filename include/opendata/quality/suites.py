"""The suites of a dataset: held against its declaration, and drafted from it.

Reading the files is the matter of ``suite_files``; whether an expectation's type can be imported is asked in ``gx_project``;
whether the data meet it, in ``check``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from include.opendata.declaration.dataset import Dataset
from include.opendata.errors import DeclarationError, Place
from include.opendata.quality import gx_project
from include.opendata.quality.expected import Expectation
from include.opendata.quality.mandatory import mandatory_publishable, mandatory_source
from include.opendata.quality.sentences import columns_of, sentence
from include.opendata.quality.suite_files import (
    Suite,
    expectation_key,
    folder,
    own_folder,
    publishable_suite,
    read_suite,
    suite_names,
)
from include.opendata.storage.atomic import write_text
from include.opendata.storage.system_errors import storage_errors

DRAFTED = {"from": "declaration"}
"""The mark of an expectation that was drafted; without it, an expectation is the steward's own and is kept."""


def not_weaker(suite: Suite, mandatory: Sequence[Expectation], *, place: Place) -> None:
    """Whether ``suite`` has every mandatory expectation, with the exact arguments and able to refuse.

    Raises DeclarationError ``suite-weaker-than-declaration`` that lists what is missing or weaker.
    """
    held = {expectation_key(e) for e in suite.expectations if e.get("severity", "critical") == "critical"}
    missing = [demand for demand in mandatory if expectation_key(demand) not in held]
    if missing:
        raise DeclarationError(
            f"the suite {suite.name} asks for less than the declaration demands",
            remedy=f"Run `bin/opendata suites {place.dataset or 'ID'} --write`; it keeps the expectations you added.",
            slug="suite-weaker-than-declaration",
            place=place,
            details=tuple(f"missing or changed: {_described(demand)}" for demand in missing),
        )


def _described(expectation: Expectation) -> str:
    columns = ", ".join(columns_of(expectation["kwargs"]))
    wording = sentence(expectation["type"], expectation["kwargs"])
    return f"{expectation['type']} ({columns}: {wording})" if columns else f"{expectation['type']} ({wording})"


def floors(dataset: Dataset) -> dict[str, tuple[list[Expectation], Place]]:
    """Every suite the dataset needs: its name, the floor it must not fall below, and where it belongs."""
    named = {dataset.quality.suite: (mandatory_source(dataset), Place(dataset=dataset.dataset))}
    for table in dataset.tables:
        place = Place(dataset=dataset.dataset, table=table.table)
        named[publishable_suite(dataset.dataset, table.table)] = (mandatory_publishable(dataset, table), place)
    return named


def check_suites(dataset: Dataset) -> None:
    """Whether all suites of ``dataset`` are there, well-formed, importable and no weaker than the declaration.

    Looks at files alone, never at data. Raises the DeclarationErrors of :func:`read_suite`, :func:`not_weaker` and
    ``gx_project.importable``.
    """

    for name, (mandatory, place) in floors(dataset).items():
        suite = read_suite(name, place=place)
        not_weaker(suite, mandatory, place=place)
        gx_project.importable(suite, place=place)


def draft_suites(dataset: Dataset) -> dict[str, str]:
    """File name → JSON text of every suite of ``dataset``: what the declaration demands, then what the steward added.

    The steward's own are the expectations of the file as it stands that are not marked as drafted and that the declaration
    does not demand. Raises DeclarationError ``suite-malformed`` rather than dropping a file it cannot read.
    """
    known = suite_names(dataset.dataset)
    drafts: dict[str, str] = {}
    for name, (mandatory, place) in floors(dataset).items():
        demanded = {expectation_key(demand) for demand in mandatory}
        kept: list[Expectation] = []
        if name in known:
            try:
                standing = read_suite(name, place=place).expectations
            except DeclarationError as error:
                if error.slug != "suite-empty":
                    raise
                standing = ()
            kept = [e for e in standing if e.get("meta", {}) != DRAFTED and expectation_key(e) not in demanded]
        drafted = [{"type": demand["type"], "kwargs": demand["kwargs"], "meta": dict(DRAFTED)} for demand in mandatory]
        suite = {"name": name, "expectations": [*drafted, *kept], "meta": {}}
        drafts[f"{name}.json"] = json.dumps(suite, indent=2, ensure_ascii=False) + "\n"
    return drafts


def write_suites(dataset: Dataset) -> list[Path]:
    """Write what :func:`draft_suites` gives; the files that changed. Each is written whole or not at all.

    A dataset that carries its suites with it keeps them there.
    """
    written: list[Path] = []
    into = own_folder(dataset.dataset) if own_folder(dataset.dataset).is_dir() else folder()
    with storage_errors(dataset.dataset, "the folder of suites"):
        into.mkdir(parents=True, exist_ok=True)
    for name, text in draft_suites(dataset).items():
        path = into / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        with storage_errors(dataset.dataset, "the folder of suites"):
            write_text(path, text, mode=0o644, concurrent=True)
        written.append(path)
    return written
