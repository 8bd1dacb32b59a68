"""What other datasets published at the same staging place, and whether a dataset counts the same records.

The public has all of them. A release is protected and attacked together with everything published of the datasets it is
tied to (``disclosure.agency``); where that cannot be decided, the data coordinator is asked once, and answers in the
declaration. What a run compared itself with is kept, and looked at again under a lock when its release is staged: of two
datasets that are refreshed in the same minute, the second one starts again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load
from include.opendata.disclosure.agency.public import PublicDataset
from include.opendata.disclosure.agency.restate import in_words_of
from include.opendata.disclosure.agency.ties import Relation, relation
from include.opendata.disclosure.history import UPCOMING
from include.opendata.disclosure.history.extents import table_extents
from include.opendata.disclosure.history.published import PublishedLimits, PublishedRelease, PublishedTable
from include.opendata.errors import DeclarationError, Place, Refused
from include.opendata.ledger import Ledger
from include.opendata.pipeline.published_history import remember
from include.opendata.pipeline.records import OthersRecord
from include.opendata.pipeline.run_context import OpenRun
from include.opendata.staging import Staging, open_staging
from include.opendata.storage.staging_address import same_place
from include.opendata.vocabulary import DataTable, ProtectedTable

Listing = dict[str, tuple[str, ...]]
"""Dataset → its releases, the oldest first."""


@dataclass(frozen=True)
class Others:
    """``relations``: to every other dataset · ``releases``: of the tied ones, in the words of the dataset · ``tied``: these."""

    relations: tuple[Relation, ...] = ()
    releases: tuple[PublishedRelease, ...] = ()
    tied: tuple[PublicDataset, ...] = field(default=(), repr=False)
    record: OthersRecord = field(default_factory=lambda: OthersRecord(seen={}))


def listing(address: str, staging: Staging, ledger: Ledger, *, but: str = "") -> Listing:
    """Everything published at a staging place, with what was staged there without being recorded; not of the dataset ``but``,
    whose own earlier releases may be known from their files alone (``published_history``).

    Raises Refused (``other-dataset-unknown``).
    """
    known: dict[str, dict[str, None]] = {}
    for dataset, release, place in ledger.published_releases():
        if dataset != but and same_place(place, address):
            known.setdefault(dataset, {})[release] = None
    for dataset in sorted({*staging.datasets()} - {but}):
        for release in staging.releases(dataset):
            if release not in known.get(dataset, {}):
                remember(dataset, staging.read_manifest(dataset, release), address=address, ledger=ledger)
                if all(entry.release != release for entry in ledger.published(dataset)):
                    raise _unknown(dataset, release)
                known.setdefault(dataset, {})[release] = None
    return {dataset: tuple(releases) for dataset, releases in sorted(known.items())}


def public_dataset(dataset: str, releases: Iterable[str], address: str, ledger: Ledger) -> PublicDataset:
    """What was published of a dataset at a staging place; of ``releases`` alone."""
    tables: dict[str, dict[str, PublishedTable]] = {release: {} for release in releases}
    for entry in ledger.published(dataset):
        if entry.release in tables:
            tables[entry.release].setdefault(entry.data_table, PublishedTable.from_bytes(entry.published))
    published = tuple(PublishedRelease(release, tuple(of.values())) for release, of in tables.items())
    return PublicDataset(dataset, published, _sources(dataset, ledger), declaration_of(dataset))


def declaration_of(dataset: str) -> Dataset | None:
    """The declaration of a dataset; None where there is none any more, or none that can be read."""
    try:
        return load(dataset)
    except DeclarationError:
        return None


def find_others(opened: OpenRun, tables: Sequence[DataTable]) -> Others:
    """The datasets that count the same records as ``tables`` (true figures), and what they published.

    Raises Refused (``datasets-may-share-records``, ``same-source-declared-unrelated``, ``datasets-not-comparable``,
    ``other-dataset-unknown``, ``counts-appear-elsewhere``).
    """
    address = opened.run.staging
    there = listing(address, open_staging(address), opened.ledger, but=opened.run.dataset)
    upcoming = _upcoming(opened, tables)
    others = _related(upcoming, there, address, opened.ledger)
    return Others(others.relations, others.releases, others.tied, OthersRecord(seen=there))


def require_others_seen(opened: OpenRun, tables: Sequence[ProtectedTable]) -> None:
    """No tied dataset published anything since this release was attacked. To be asked while nothing else is staged.

    Raises Refused (``other-dataset-staged``).
    """
    address = opened.run.staging
    now = listing(address, open_staging(address), opened.ledger, but=opened.run.dataset)
    seen = OthersRecord.read(opened.area).seen
    new = {name: tuple(r for r in releases if r not in seen.get(name, ())) for name, releases in now.items()}
    dataset = _upcoming(opened, tables)
    for name, releases in new.items():
        if not releases:
            continue
        tie = relation(dataset, public_dataset(name, releases, address, opened.ledger))
        if tie.verdict != "unrelated":
            raise Refused(
                f"the dataset {name} was staged while this release was being made, and may count the same records, so the two "
                "were never attacked together",
                remedy="Run the refresh again; it is then protected with everything published by now in mind.",
                slug="other-dataset-staged",
                place=Place(dataset=opened.run.dataset),
            )


def record_others(opened: OpenRun, others: Others) -> None:
    """Keep for the step that stages what was compared, and for people with which datasets and how that is known."""
    others.record.write(opened.area)
    for tie in others.relations:
        verdict = "tied" if tie.verdict == "same" else "unrelated"
        sentence = (
            f"Attacked together with what {tie.other} published of the same records: {tie.sentence}."
            if tie.verdict == "same"
            else f"Not compared with {tie.other}: {tie.sentence}."
        )
        opened.decide("protect", f"{verdict}:{tie.other}"[:80], sentence, section="DDG 2.0, Appendix F")


def _related(dataset: PublicDataset, there: Listing, address: str, ledger: Ledger) -> Others:
    relations: list[Relation] = []
    releases: list[PublishedRelease] = []
    tied: list[PublicDataset] = []
    for name, of_dataset in there.items():
        other = public_dataset(name, of_dataset, address, ledger)
        tie = relation(dataset, other)
        relations.append(tie)
        if tie.verdict == "same":
            _refuse_percentages(dataset, other)
            releases += in_words_of(dataset, other, tie)
            tied.append(other)
    undecided = [tie for tie in relations if tie.verdict == "undecided"]
    if undecided:
        raise _undecided(dataset.dataset, undecided)
    return Others(tuple(relations), tuple(releases), tuple(tied))


def _upcoming(opened: OpenRun, tables: Sequence[DataTable] | Sequence[ProtectedTable]) -> PublicDataset:
    """The dataset of a run as it is about to be published."""
    declared = opened.declared
    extents = table_extents(declared, [table.structure for table in tables])
    limits = PublishedLimits.of_today(declared.small_cell_rule.below)
    published = tuple(
        PublishedTable.about_to_be(
            t.structure, extents[t.structure.table], declared.table(t.structure.table).annotation, t.frame, limits
        )
        for t in tables
    )
    sources = {**_sources(declared.dataset, opened.ledger), UPCOMING: opened.snapshot.sha256}
    return PublicDataset(declared.dataset, (PublishedRelease(UPCOMING, published),), sources, declared)


def _sources(dataset: str, ledger: Ledger) -> dict[str, str]:
    return {entry.release: entry.source_sha256 for entry in ledger.releases(dataset)}


def _refuse_percentages(dataset: PublicDataset, other: PublicDataset) -> None:
    """Whole percentages hide a count only where the counts appear nowhere else."""
    percentages = dataset.declared is not None and any(
        table.masking == "whole_percentages" for table in dataset.declared.tables
    )
    if percentages or any(t.structure.percentages_only for release in other.releases for t in release.tables):
        raise Refused(
            f"the dataset and {other.dataset} are of the same records, and one of them publishes whole percentages in place of "
            "counts that the other may give away",
            remedy="Publish one of the two only, or counts in both.",
            slug="counts-in-another-dataset",
            place=Place(dataset=dataset.dataset),
        )


def _undecided(dataset: str, ties: Sequence[Relation]) -> Refused:
    names = [tie.other for tie in ties]
    return Refused(
        f"whether the dataset counts the same persons or events as {', '.join(names)} cannot be told, so it cannot be attacked "
        "together with what was published there",
        remedy="Let the data coordinator answer once, in this declaration: `other_datasets: {"
        + names[0]
        + ": {relation: same_records, reason: …, by: …, date: …}}`, or `relation: unrelated`.",
        slug="datasets-may-share-records",
        place=Place(dataset=dataset),
        details=tuple(f"{tie.other}: {tie.sentence}." for tie in ties),
    )


def _unknown(dataset: str, release: str) -> Refused:
    return Refused(
        f"release {release} of the dataset {dataset} is in staging, and neither the ledger nor the evidence store knows what "
        "it published, so nothing new can be attacked together with it",
        remedy=f"Restore the ledger or the evidence store from a backup, or refresh {dataset}. If that release never reached "
        "the public, the data coordinator may move it out of staging.",
        slug="other-dataset-unknown",
        place=Place(dataset=dataset),
    )
