"""What a refresh knows of the releases before it, and what it leaves behind for the ones after it.

Everything ever staged of a dataset at a staging place is in the ledger, table by table, as the public saw it. The proof
that a release is safe goes to the evidence store: written before the release becomes visible, settled once it is, so that
a run killed in between leaves nothing that the next one cannot put right. A release in staging that neither place knows of
is read from staging where the declaration is still the same; otherwise the refresh is refused, for a new release cannot be
attacked together with figures no one remembers.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from include.opendata.declaration.dataset import Dataset
from include.opendata.disclosure.history import UPCOMING
from include.opendata.disclosure.history.extents import TableExtents, replaced_beside_merged, table_extents
from include.opendata.disclosure.history.published import (
    PublishedLimits,
    PublishedRelease,
    PublishedTable,
    described,
    read_published,
    without_atoms,
)
from include.opendata.disclosure.protection_result import AttackedView, Protection
from include.opendata.errors import Place, Refused, StorageError
from include.opendata.ledger import EvidenceStore, Ledger, PublishedEntry
from include.opendata.staging import Staging
from include.opendata.storage import RunArea
from include.opendata.storage.digests import sha256_of
from include.opendata.storage.manifest import Manifest
from include.opendata.storage.staging_address import same_place
from include.opendata.vocabulary import DataTable, ProtectedTable, Structure

PROOF = "proof.json"
FORMAT = 1


def earlier_releases(
    dataset: Dataset, tables: Sequence[DataTable], *, staging: Staging, address: str, ledger: Ledger, declaration: str
) -> tuple[PublishedRelease, ...]:
    """Everything published of ``dataset`` at a staging place before, the oldest release first.

    Raises Refused (``earlier-release-unknown``) and StorageError (``published-file-differs``: what is remembered is not
    what lies in staging).
    """
    staged = staging.releases(dataset.dataset)
    for release in staged:
        remember(dataset.dataset, staging.read_manifest(dataset.dataset, release), address=address, ledger=ledger)
    known = _recorded(dataset.dataset, staged, address, ledger)
    earlier = []
    for release in [*(release for release in known if release not in staged), *staged]:
        manifest = staging.read_manifest(dataset.dataset, release) if release in staged else None
        if release in known:
            _require_same(known[release], manifest)
            tables_then = tuple(PublishedTable.from_bytes(entry.published) for entry in known[release].values())
        elif manifest is not None and _tells_everything(dataset, manifest, declaration):
            tables_then = _from_staging(dataset, tables, manifest, staging)
        else:
            raise Refused(
                f"release {release} is in staging, and neither the ledger nor the evidence store knows what it published",
                remedy="Restore the ledger or the evidence store from a backup. If that release never reached the public, "
                "the data coordinator may move it out of staging.",
                slug="earlier-release-unknown",
                place=Place(dataset=dataset.dataset),
            )
        earlier.append(PublishedRelease(release, tables_then))
    return tuple(earlier)


def _recorded(
    dataset: str, staged: Sequence[str], address: str, ledger: Ledger
) -> dict[str, dict[str, PublishedEntry]]:
    """Release → table → what the ledger has of it, of the releases that were ever staged at this place."""
    known: dict[str, dict[str, PublishedEntry]] = {}
    for entry in ledger.published(dataset):
        if same_place(entry.staging, address) or entry.release in staged:
            known.setdefault(entry.release, {}).setdefault(entry.data_table, entry)
    return known


def _tells_everything(dataset: Dataset, manifest: Manifest, declaration: str) -> bool:
    """Whether a release can be understood from its files alone: declaration and rule book (the digest is of both) are still
    those it was made by, and no table stands for one extract only (which records were the extract's, no file says)."""
    return manifest.declaration_sha256 == declaration and not replaced_beside_merged(dataset)


def remember(dataset: str, manifest: Manifest, *, address: str, ledger: Ledger) -> None:
    """Make the proof of a release that is in staging final, and record what it published; again does no harm."""
    store = EvidenceStore()
    store.finalise(dataset, manifest.release)
    if not store.has(dataset, manifest.release):
        return
    folder = store.folder(dataset, manifest.release)
    digests = _digests(manifest)
    proof_sha256 = sha256_of((folder / PROOF).read_bytes())
    entries = []
    for table in manifest.tables:
        kept = (folder / "published" / f"{table.table}.z").read_bytes()
        entries.append(
            PublishedEntry(
                dataset=dataset,
                release=manifest.release,
                staging=address,
                data_table=table.table,
                file_sha256=sha256_of(PublishedTable.from_bytes(kept).text.encode()),
                proof_sha256=proof_sha256,
                published=kept,
            )
        )
    if any(entry.file_sha256 != digests[entry.data_table] for entry in entries):
        raise _differs(dataset, manifest.release)
    ledger.record_published(entries)


def require_all_attacked(dataset: str, release: str, area: RunArea, *, staging: Staging, ledger: Ledger) -> None:
    """What is about to be staged as ``release`` was attacked together with everything that is public by now.

    The pointer alone does not say it: another release may have been staged while this one waited, and rolled back again.
    Raises Refused (``staging-moved``).
    """
    attacked = {release, *area.read_json("proof/attack.json")["earlier"]}
    public = {entry.release for entry in ledger.published(dataset) if same_place(entry.staging, staging.address)}
    if {*public, *staging.releases(dataset)} - attacked:
        raise Refused(
            "another release was staged while this one was being made, so this one was never attacked together with it",
            remedy="Run the refresh again; it is then protected with everything published by now in mind.",
            slug="staging-moved",
            place=Place(dataset=dataset),
        )


def keep_attack(area: RunArea, protection: Protection) -> None:
    """Leave in the work area what :func:`keep_proof` will need: witnesses, what categories stand for, what was known."""
    views = []
    for number, attacked in enumerate(protection.attacked):
        name = f"view-{number}.npz"
        path = area.path("proof", name)
        path.write_bytes(view_bytes(attacked))
        views.append(
            {
                "identity": attacked.identity,
                "base": attacked.base,
                "file": name,
                "threshold": attacked.view.rule.below,
                "min_width": attacked.view.rule.width,
                "persons": attacked.view.persons,
                "set_aside": attacked.set_aside,
                "by_bounds": len(attacked.by_bounds),
                "withheld": len(attacked.withheld),
            }
        )
    area.write_json(
        "proof/attack.json",
        {
            "views": views,
            "earlier": list(protection.earlier),
            "extents": {table: extents.to_json() for table, extents in protection.extents.items()},
        },
    )


def keep_proof(area: RunArea, manifest: Manifest, folder: Path, tables: Sequence[ProtectedTable]) -> None:
    """Write the pending proof of a release that is about to be staged. ``folder``: the release in the work area."""
    attacked = area.read_json("proof/attack.json")
    digests = _digests(manifest)
    files: dict[str, bytes] = {}
    for table in tables:
        name = table.structure.table
        extents = TableExtents.from_json(attacked["extents"][name])
        text = (folder / "data" / f"{name}.csv").read_bytes().decode()
        limits = PublishedLimits.of_today(table.annotated_below)
        published = PublishedTable(without_atoms(table.structure), extents, table.annotation, text, limits)
        files[f"published/{name}.z"] = published.to_bytes()
        files[f"structure/{name}.json"] = _json(described(table.structure, extents, table.annotation, limits))
    for view in attacked["views"]:
        files[view["file"]] = area.path("proof", view["file"]).read_bytes()
        view["base"] = manifest.release if view["base"] == UPCOMING else view["base"]
    files[PROOF] = _json(
        {
            "format": FORMAT,
            "dataset": manifest.dataset,
            "release": manifest.release,
            "earlier": attacked["earlier"],
            "tables": [
                {
                    "table": t.structure.table,
                    "file": f"data/{t.structure.table}.csv",
                    "sha256": digests[t.structure.table],
                }
                for t in tables
            ],
            "views": attacked["views"],
            "files": {name: sha256_of(content) for name, content in sorted(files.items())},
        }
    )
    EvidenceStore().write(manifest.dataset, manifest.release, files)


def view_bytes(attacked: AttackedView) -> bytes:
    """One view and its witnesses as a compressed ``.npz``: published facts and tables that agree with them."""
    view, witnesses = attacked.view, attacked.witnesses
    low, high = view.bounds()
    members = [(parent, *children) for parent, children in view.equations]
    out = io.BytesIO()
    np.savez_compressed(
        out,
        value=view.value,
        state=view.state,
        low=low,
        high=high,
        equations=np.array([cell for equation in members for cell in equation], dtype="<i8"),
        lengths=np.array([len(equation) for equation in members], dtype="<i8"),
        cells=witnesses.cells,
        tables=witnesses.tables,
        by_bounds=np.array(attacked.by_bounds, dtype="<i8"),
        withheld=np.array(attacked.withheld, dtype="<i8"),
    )
    return out.getvalue()


def _from_staging(
    dataset: Dataset, tables: Sequence[DataTable], manifest: Manifest, staging: Staging
) -> tuple[PublishedTable, ...]:
    """A release that was not recorded, from its files: the declaration is still the one it was made by."""
    texts: dict[str, str] = {}
    structures: list[Structure] = []
    for table in tables:
        name = table.structure.table
        counts = dataset.table(name).masking != "whole_percentages"
        structure = table.structure if counts else table.structure.without_counts()
        texts[name] = staging.read_file(dataset.dataset, manifest.release, f"data/{name}.csv").decode()
        frame = read_published(texts[name], structure)
        structures.append(
            replace(
                without_atoms(structure),
                dimensions=tuple(
                    replace(
                        d,
                        atoms={},
                        codes=None,
                        labels=tuple(label for label in dict.fromkeys(frame[d.name].tolist()) if label != d.total),
                    )
                    for d in structure.dimensions
                ),
            )
        )
    extents = table_extents(dataset, structures)
    modes = {t.table: t.annotation for t in manifest.tables}
    limits = PublishedLimits.of_today(dataset.small_cell_rule.below)
    return tuple(PublishedTable(s, extents[s.table], modes[s.table], texts[s.table], limits) for s in structures)


def _require_same(entries: dict[str, PublishedEntry], manifest: Manifest | None) -> None:
    if manifest is not None:
        digests = _digests(manifest)
        if any(digests.get(table) != entry.file_sha256 for table, entry in entries.items()) or set(entries) != set(
            digests
        ):
            raise _differs(manifest.dataset, manifest.release)


def _digests(manifest: Manifest) -> dict[str, str]:
    """Table → digest of its published file."""
    by_path = {file.path: file.sha256 for file in manifest.files}
    return {table.table: by_path[f"data/{table.table}.csv"] for table in manifest.tables}


def _differs(dataset: str, release: str) -> StorageError:
    return StorageError(
        f"what is remembered of release {release} is not what lies in staging",
        remedy="Compare staging with its backup, and the ledger and the evidence store with theirs; find out who changed them.",
        slug="published-file-differs",
        place=Place(dataset=dataset),
    )


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
