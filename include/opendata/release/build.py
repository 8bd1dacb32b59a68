"""Builds a release in a folder: the files the public will get, the evidence, and last of all the manifest.

Decides the layout and that it is complete; the folder appears whole or not at all. It publishes nothing. What it is given
was decided before, but it fails closed: it refuses a table whose checks did not pass, and one whose suppressed cells were
not all proven to be safe.

Layout: ``data/<table>.csv`` and the other declared formats beside it, ``dictionary/<table>.csv`` (and ``.xsd``),
``metadata/`` (``ckan_package.json``, ``dcat_us.json``, ``schema_org.jsonld``, ``dublin_core.rdf``), ``datapackage.json``,
``evidence/index.html`` (internal), ``manifest.json``; after a dataset's first release also ``changes/<table>.csv`` and
``diff.json`` (internal). Everything but the manifest depends on the source, the declaration, the code and the release before
alone.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from include.opendata.errors import AuditFailed, Place, Refused
from include.opendata.release.evidence.diff_page import write_changes
from include.opendata.release.evidence.page import SAFE_VERDICTS, SIZES, evidence_page, refuses
from include.opendata.release.formats.csv_files import write_table_csv
from include.opendata.release.formats.registry import write_formats
from include.opendata.release.inputs import Release, ReleaseInputs
from include.opendata.release.metadata.ckan_package import ckan_package
from include.opendata.release.metadata.datapackage import datapackage
from include.opendata.release.metadata.dcat_us import dcat_us_entry
from include.opendata.release.metadata.dictionary import FieldDescription, describe_fields, write_dictionary
from include.opendata.release.metadata.dublin_core import dublin_core
from include.opendata.release.metadata.method import deidentification_method, score_of
from include.opendata.release.metadata.schema_org import schema_org
from include.opendata.rules.formats import media_type_of
from include.opendata.storage.atomic import move_folder
from include.opendata.storage.digests import sha256_of_file
from include.opendata.storage.manifest import (
    MANIFEST_NAME,
    Manifest,
    ManifestFile,
    ManifestRun,
    ManifestSource,
    ManifestTable,
    Role,
)
from include.opendata.storage.system_errors import storage_errors
from include.opendata.vocabulary import ProtectedTable

_ROLES: dict[str, Role] = {
    "data": "data",
    "dictionary": "dictionary",
    "changes": "changes",
    "diff.json": "internal",
    "evidence": "internal",
}


def build_release(inputs: ReleaseInputs, folder: Path) -> Release:
    """Build the release in ``folder``, which appears whole or not at all; one that is there already is replaced.

    Raises Refused (``quality-not-passed``, ``release-incomplete``, or what ``csv_files`` refuses), AuditFailed
    (``suppression-not-proven``) and StorageError.
    """
    _require_complete(inputs)
    for protected in inputs.protected:
        _require_proven(inputs, protected)
    _require_checked(inputs, "the source", inputs.quality["source"], Place(inputs.dataset.dataset))
    for protected in inputs.protected:
        name = protected.structure.table
        _require_checked(
            inputs, "the published file", inputs.quality["publishable"][name], Place(inputs.dataset.dataset, name)
        )
    partial = folder.with_name(folder.name + ".partial")
    with storage_errors(inputs.dataset.dataset, "the work area"):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        _write_files(inputs, partial)
        manifest = _manifest(inputs, partial)
        (partial / MANIFEST_NAME).write_bytes(manifest.to_bytes())
        if folder.exists():
            shutil.rmtree(folder)
        move_folder(partial, folder)
    return Release(folder, manifest)


def _write_files(inputs: ReleaseInputs, folder: Path) -> None:
    dataset = inputs.dataset
    for name in ("data", "dictionary", "metadata", "evidence"):
        (folder / name).mkdir()
    fields: dict[str, tuple[FieldDescription, ...]] = {}
    files: dict[str, tuple[str, int]] = {}
    method = deidentification_method(dataset, inputs.protected, inputs.assessments)
    for protected in inputs.protected:
        name = protected.structure.table
        fields[name] = describe_fields(dataset, protected)
        data, dictionary = f"data/{name}.csv", f"dictionary/{name}.csv"
        write_table_csv(folder / data, protected, dataset=dataset.dataset)
        write_dictionary(folder / dictionary, fields[name], dataset=dataset.dataset, table=name)
        others = write_formats(folder, dataset, protected, fields[name], method)
        files |= {path: sha256_of_file(folder / path) for path in (data, dictionary, *others)}
    hashes = {path: sha256 for path, (sha256, _size) in files.items()}
    _write_json(folder / "metadata/ckan_package.json", ckan_package(dataset, inputs.protected, fields, hashes, method))
    _write_json(folder / "metadata/dcat_us.json", dcat_us_entry(dataset, inputs.protected))
    _write_json(folder / "metadata/schema_org.jsonld", schema_org(dataset, inputs.protected, fields, files, method))
    _write_text(folder / "metadata/dublin_core.rdf", dublin_core(dataset, inputs.protected, method))
    _write_json(folder / "datapackage.json", datapackage(dataset, inputs.protected, fields, files))
    if inputs.changes is not None:
        write_changes(folder, inputs.changes, dataset=dataset.dataset)
    (folder / "evidence/index.html").write_text(evidence_page(inputs), encoding="utf-8", newline="\n")


def _write_json(path: Path, value: Any) -> None:
    _write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _manifest(inputs: ReleaseInputs, folder: Path) -> Manifest:
    files = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        sha256, size = sha256_of_file(path)
        files.append(
            ManifestFile(
                path=name,
                sha256=sha256,
                bytes=size,
                media_type=media_type_of(name),
                role=_ROLES.get(name.split("/")[0], "metadata"),
            )
        )
    given = inputs.provenance
    return Manifest(
        dataset=inputs.dataset.dataset,
        release=inputs.release_id,
        previous_release=given.previous_release,
        source=ManifestSource(sha256=inputs.source.sha256, bytes=inputs.source.bytes, rows=inputs.source.rows),
        declaration_sha256=given.declaration_sha256,
        code_version=given.code_version,
        tables=tuple(_table_facts(inputs, protected) for protected in inputs.protected),
        files=tuple(files),
        run=ManifestRun(run_id=given.run_id, started_at=given.started_at),
    )


def _table_facts(inputs: ReleaseInputs, protected: ProtectedTable) -> ManifestTable:
    name = protected.structure.table
    return ManifestTable(
        table=name,
        rows=len(protected.frame),
        cells=protected.cells,
        masked=protected.masked,
        score=score_of(inputs.assessments[name]),
        annotation=protected.annotation,
        small=protected.small,
        complementary=protected.complementary,
        unstable=protected.unstable,
        seed=inputs.protection[name].get("seed"),
    )


def _require_complete(inputs: ReleaseInputs) -> None:
    """Every declared table is there, in the declared order, with its assessment, its protection and its report."""
    names = [protected.structure.table for protected in inputs.protected]
    declared = [table.table for table in inputs.dataset.tables]
    reports: tuple[Mapping[str, Any], ...] = (inputs.assessments, inputs.protection, inputs.quality["publishable"])
    if names == declared and all(name in report for name in names for report in reports):
        return
    raise Refused(
        "the release would not be complete: a declared table, its assessment, its protection or its checks are missing",
        remedy="Run the refresh from its first step; a release holds every declared table.",
        slug="release-incomplete",
        place=Place(inputs.dataset.dataset),
    )


def _require_proven(inputs: ReleaseInputs, protected: ProtectedTable) -> None:
    """Every suppressed cell was proven to be safe; what was not decided counts as not safe."""
    name = protected.structure.table
    figures = inputs.protection[name].get("attack", {})
    unsafe = sum(count for figure, count in figures.items() if figure not in (*SAFE_VERDICTS, *SIZES))
    proven = sum(figures.get(verdict, 0) for verdict in SAFE_VERDICTS)
    hidden = protected.small + protected.complementary
    if unsafe or proven < protected.small:
        missing = unsafe or protected.small - proven
        raise AuditFailed(
            f"{missing} of {hidden} suppressed cells are not proven to be safe",
            remedy="Publish a coarser table, or change what the declaration asks for; nothing was published.",
            slug="suppression-not-proven",
            place=Place(inputs.dataset.dataset, name),
        )


def _require_checked(inputs: ReleaseInputs, what: str, report: Mapping[str, Any], place: Place) -> None:
    """All declared expectations were evaluated, there is at least one, and none that is critical or undecided failed."""
    complete = 0 < report["declared"] == report["evaluated"] == len(report["expectations"])
    if complete and not any(refuses(expectation) for expectation in report["expectations"]):
        return
    raise Refused(
        f"the checks of {what} did not pass, or not all of them were made",
        remedy=f"Look at the report of the suite {report['suite']}; a release is built of checked data only.",
        slug="quality-not-passed",
        place=place,
    )
