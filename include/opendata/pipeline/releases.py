"""What is done with releases after they were staged: verify them, go back to an earlier one, remove old ones.

A rollback moves the pointer and writes the catalog again, so that data and metadata go back together. It says that the releases
it leaves were wrong: they are *withdrawn*. A refresh whose inputs or public files are those of a withdrawn release would undo
the rollback unseen, so it stages nothing until something changes or a person restores the release by name. What was public
once stays known: a withdrawn or removed release is remembered, and every new one is attacked together with it.

Every move is asked for in the ledger before it begins and closed when it is done. What a killed command left open is closed
by the next one, by looking at where the pointer is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from include.opendata.errors import InputError, OpendataError, Place, Refused
from include.opendata.ledger import Ledger, PointerMove, line_of, open_ledger, withdrawn
from include.opendata.ledger.pointer_moves import Action
from include.opendata.pipeline.published_history import remember
from include.opendata.staging import Drift, Staging, open_staging
from include.opendata.staging.refusals import drifted
from include.opendata.storage.digests import sha256_of
from include.opendata.storage.manifest import MANIFEST_NAME, Manifest
from include.opendata.storage.staging_address import same_place

MadeOf = tuple[str, str, str]
"""Digest of the source, digest of the declaration, version of the code."""


@dataclass(frozen=True)
class RolledBack:
    """``action``: rollback or restore · ``previous``: the release the pointer left; the target itself if it was there."""

    dataset: str
    release: str
    previous: str
    action: Action


def verify(
    dataset: str, staging: str, release: str | None = None, *, with_catalog: bool = True
) -> tuple[str, list[Drift]]:
    """(release, everything in it that is not as manifest, pointer, catalog and ledger say); default: the current release.

    Every byte is read. The catalog is made of all datasets, so who verifies many compares it once (``with_catalog``). Raises
    InputError (``release-unknown``) when neither staging nor the ledger knows of the release.
    """
    place, ledger = open_staging(staging), open_ledger()
    name = release or place.current(dataset)
    if name is None or (name not in place.releases(dataset) and name not in _pointed_to(place, ledger, dataset)):
        name = place.read_manifest(dataset, name).release  # says that it is not there
    drifted = place.verify(dataset, name, with_catalog=with_catalog)
    return name, [*drifted, *_other_manifest(place, ledger, dataset, name)]


def roll_back(dataset: str, staging: str, *, to: str | None, by: str, reason: str = "") -> RolledBack:
    """Make an earlier release the current one again: ``to``, or the one the current release followed.

    Raises InputError (``release-unknown``, ``nothing-earlier``), Refused (``staging-moved``) and StorageError
    (``staging-drifted``: the release is not as its manifest and the ledger say).
    """
    place, ledger = open_staging(staging), open_ledger()
    finished = _close_interrupted_moves(dataset, place, ledger)
    current = place.current(dataset)
    if current is None:
        place.read_manifest(dataset)  # says that nothing is staged
        raise AssertionError("a dataset without a pointer has no current release")
    if finished is not None and to in (None, current):  # this very command was killed before it could say so
        return RolledBack(dataset, current, finished.from_release or current, finished.action)
    if to == current:
        return RolledBack(dataset, current, current, "rollback")
    previous = _previous(dataset, place, ledger)
    gone = withdrawn(ledger.pointer_moves.of(dataset, place.address), previous)
    target = to or _earlier(dataset, place, current, previous, gone)
    place.read_manifest(dataset, target)
    _require_known(place, ledger, dataset, target)
    forward = current in line_of(target, previous) or (target in gone and target not in line_of(current, previous))
    action: Action = "restore" if forward else "rollback"
    move = PointerMove(dataset, place.address, action, current, target, by, reason)
    with _move_recorded(place, ledger, move):
        place.make_current(dataset, target, current)
    return RolledBack(dataset, target, current, action)


def prune(dataset: str, staging: str, *, keep: int, by: str) -> list[str]:
    """Remove all releases but the newest ``keep`` (at least 1), never the current one; those removed, the oldest first.

    Raises Refused (``release-not-remembered``) before anything is removed when the ledger does not hold what one of them
    published: new releases could no longer be attacked together with it.
    """
    if keep < 1:
        raise InputError("at least one release is kept", remedy="Give --keep 1 or more.", slug="keep-too-few")
    place, ledger = open_staging(staging), open_ledger()
    _close_interrupted_moves(dataset, place, ledger)
    releases, current = place.releases(dataset), place.current(dataset)
    leaving = [release for release in releases[:-keep] if release != current]
    for release in leaving:
        manifest = place.read_manifest(dataset, release)
        remember(dataset, manifest, address=place.address, ledger=ledger)
        _require_recorded(ledger, place, manifest)
    for release in leaving:
        with _move_recorded(place, ledger, PointerMove(dataset, place.address, "prune", release, None, by)):
            place.remove_release(dataset, release)
    return leaving


def withdrawn_releases(dataset: str, place: Staging, ledger: Ledger) -> dict[str, PointerMove]:
    """Release → the rollback that withdrew it, of those that are withdrawn now."""
    moves = ledger.pointer_moves.of(dataset, place.address)
    if not any(move.action == "rollback" for move in moves):
        return {}
    return withdrawn(moves, _previous(dataset, place, ledger))


def rolled_back_like(dataset: str, place: Staging, ledger: Ledger, made_of: MadeOf) -> str | None:
    """The sentence of a refusal to stage again what was rolled back, if ``made_of`` are a withdrawn release's inputs."""
    gone = withdrawn_releases(dataset, place, ledger)
    known = {
        entry.release: (entry.source_sha256, entry.declaration_sha256, entry.code_version)
        for entry in ledger.releases(dataset)
    }
    staged = place.releases(dataset) if gone else ()
    for release, move in gone.items():
        if release in staged:
            manifest = place.read_manifest(dataset, release)
            known[release] = (manifest.source.sha256, manifest.declaration_sha256, manifest.code_version)
        if known.get(release) == made_of:
            return _withdrawn_sentence("Source, declaration and code are", release, move)
    return None


def rolled_back_same(place: Staging, ledger: Ledger, manifest: Manifest) -> str | None:
    """The same, if the public files of ``manifest`` are those of a withdrawn release, or it has that release's name."""
    gone = withdrawn_releases(manifest.dataset, place, ledger)
    staged = place.releases(manifest.dataset) if gone else ()
    for release, move in gone.items():
        same = release == manifest.release or (
            release in staged and public_files(place.read_manifest(manifest.dataset, release)) == public_files(manifest)
        )
        if same:
            return _withdrawn_sentence("Every public file is", release, move)
    return None


def public_files(manifest: Manifest) -> list[tuple[str, str]]:
    """(path, digest) of the files that are the release by itself: not internal, and not about the release before it."""
    return [(file.path, file.sha256) for file in manifest.contents() if file.role not in ("internal", "changes")]


def record_publication(manifest: Manifest, address: str, ledger: Ledger) -> None:
    """Tell the ledger that a release is the current one, unless it knows that the pointer came there last."""
    move = PointerMove(
        manifest.dataset, address, "publish", manifest.previous_release, manifest.release, manifest.run.run_id
    )
    ledger.pointer_moves.record_publication(move)


def _withdrawn_sentence(what: str, release: str, move: PointerMove) -> str:
    return (
        f"{what} as in release {release}, which was rolled back at {move.done_at} by {move.by}; nothing is staged until "
        f"that changes or `bin/opendata rollback {move.dataset} --to {release}` restores it."
    )


@contextmanager
def _move_recorded(place: Staging, ledger: Ledger, move: PointerMove) -> Iterator[None]:
    """Ask for a move in the ledger, and close it: done, or set aside when it did not happen."""
    moves = ledger.pointer_moves
    id = moves.ask(move)
    try:
        yield
    except OpendataError:
        if _happened(place, move):
            moves.done(id, move)
        else:
            moves.set_aside(id)
        raise
    moves.done(id, move)


def _close_interrupted_moves(dataset: str, place: Staging, ledger: Ledger) -> PointerMove | None:
    """Close what killed commands left open; the rollback or restoration among it that did happen, if there is one."""
    finished = None
    for move in ledger.pointer_moves.of(dataset, place.address):
        if move.done_at is not None or move.id is None:
            continue
        if not _happened(place, move):
            ledger.pointer_moves.set_aside(move.id)
        elif move.action == "prune" and move.from_release is not None:
            place.remove_release(dataset, move.from_release)  # the rest of it, if some is left
            ledger.pointer_moves.done(move.id, move)
        else:
            ledger.pointer_moves.done(move.id, move)
            finished = move
    return finished


def _happened(place: Staging, move: PointerMove) -> bool:
    if move.action == "prune":
        return move.from_release not in place.releases(move.dataset)
    return place.current(move.dataset) == move.to_release


def _previous(dataset: str, place: Staging, ledger: Ledger) -> dict[str, str | None]:
    """Release → the one it followed, of all that are or were in this place."""
    known = {e.release: e.previous for e in ledger.releases(dataset) if same_place(e.staging, place.address)}
    manifests = [place.read_manifest(dataset, release) for release in place.releases(dataset)]
    return known | {manifest.release: manifest.previous_release for manifest in manifests}


def _earlier(
    dataset: str, place: Staging, current: str, previous: dict[str, str | None], gone: dict[str, PointerMove]
) -> str:
    staged = place.releases(dataset)
    for release in line_of(current, previous)[1:]:
        if release in staged and release not in gone:
            return release
    raise InputError(
        "there is no earlier release to go back to",
        remedy=f"`bin/opendata releases {dataset}` lists what is there; name one with --to.",
        slug="nothing-earlier",
        place=Place(dataset=dataset),
    )


def _pointed_to(place: Staging, ledger: Ledger, dataset: str) -> set[str | None]:
    """The current release and those the ledger knows in this place: they should be there."""
    pruned = {m.from_release for m in ledger.pointer_moves.of(dataset, place.address) if m.action == "prune"}
    known = {entry.release for entry in ledger.releases(dataset) if same_place(entry.staging, place.address)}
    return {place.current(dataset), *known} - pruned


def _other_manifest(place: Staging, ledger: Ledger, dataset: str, release: str) -> Sequence[Drift]:
    """Drift of a manifest from the one the ledger recorded, where it recorded one of this place."""
    known = {
        e.manifest_sha256
        for e in ledger.releases(dataset)
        if e.release == release and same_place(e.staging, place.address)
    }
    if not known or release not in place.releases(dataset):
        return ()
    if sha256_of(place.read_file(dataset, release, MANIFEST_NAME)) in known:
        return ()
    path = f"{dataset}/releases/{release}/{MANIFEST_NAME}"
    return (Drift("manifest", path, "The manifest is not the one the ledger knows."),)


def _require_known(place: Staging, ledger: Ledger, dataset: str, release: str) -> None:
    drift = _other_manifest(place, ledger, dataset, release)
    if drift:
        raise drifted(dataset, release, drift)


def _require_recorded(ledger: Ledger, place: Staging, manifest: Manifest) -> None:
    kept = {
        entry.data_table
        for entry in ledger.published(manifest.dataset)
        if entry.release == manifest.release and same_place(entry.staging, place.address)
    }
    if {table.table for table in manifest.tables} - kept:
        raise Refused(
            f"the ledger does not hold what release {manifest.release} published, so it cannot be removed",
            remedy="Restore the ledger or the evidence store from a backup; new releases are attacked together with "
            "everything that was ever published.",
            slug="release-not-remembered",
            place=Place(dataset=manifest.dataset),
        )
