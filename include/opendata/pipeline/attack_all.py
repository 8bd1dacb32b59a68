"""Attacks everything in a staging place together: what one person can compute who keeps all that was ever published there.

Datasets that count the same records make a group (``disclosure.agency.ties``). Each is attacked with all its releases and
those of the datasets it is tied to. Reads what was published and the declarations, no source and no true figure, so it can
be run at any time. What could not be decided or compared counts as exposed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from include.opendata.disclosure.agency.public import PublicDataset, counts_of
from include.opendata.disclosure.agency.restate import in_words_of
from include.opendata.disclosure.agency.ties import Relation, relation
from include.opendata.disclosure.agency.together import Exposure, Task, dataset_of, exposures
from include.opendata.disclosure.history.published import PublishedRelease
from include.opendata.errors import OpendataError
from include.opendata.ledger import Ledger
from include.opendata.pipeline.other_datasets import listing, public_dataset
from include.opendata.rules.release import thresholds
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.staging import Staging

SEED = 20250303
"""Of a dataset whose declaration is gone."""

Verdict = Literal["safe", "exposed", "undecided", "no counts"]


@dataclass(frozen=True)
class Finding:
    """One exposed count. ``hidden_in``, ``computed_from``: ``dataset.table`` · ``verdict``: recoverable or undecided."""

    cell: str
    sentence: str
    verdict: str
    hidden_in: tuple[str, ...]
    computed_from: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Datasets that count the same records, or may, or a single one. ``ties``: how that is known, a sentence each ·
    ``problems``: why something could not be attacked, or not be decided."""

    datasets: tuple[str, ...]
    ties: tuple[str, ...]
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class StagingAttack:
    """``releases``: how many were read."""

    address: str
    groups: tuple[Group, ...]
    releases: int

    @property
    def safe(self) -> bool:
        """Whether nothing is exposed, and everything was decided."""
        return all(group.verdict in ("safe", "no counts") for group in self.groups)


def attack_all(
    address: str, staging: Staging, ledger: Ledger, *, seconds: float, progress: Callable[[str], None]
) -> StagingAttack:
    """Attack everything published at ``address``. Raises Refused (``other-dataset-unknown``) and StorageError."""
    there = listing(address, staging, ledger)
    datasets = {name: public_dataset(name, releases, address, ledger) for name, releases in there.items()}
    progress(f"{len(datasets)} datasets: which of them count the same records")
    ties, problems = _ties(datasets)
    groups = []
    members_of = _groups(datasets, [*ties, *problems])
    for number, members in enumerate(members_of, 1):
        progress(f"group {number} of {len(members_of)}: {', '.join(members)}")
        group = _Group(datasets, {pair: tie for pair, tie in ties.items() if set(pair) <= set(members)}, seconds)
        groups.append(group.attacked(members, [p for pair, p in problems.items() if set(pair) <= set(members)]))
    return StagingAttack(address, tuple(groups), sum(map(len, there.values())))


Pair = tuple[str, str]


def _ties(datasets: Mapping[str, PublicDataset]) -> tuple[dict[Pair, Relation], dict[Pair, str]]:
    """(first, second) → how they stand to each other, both ways round; and what was not decided."""
    ties: dict[Pair, Relation] = {}
    problems: dict[Pair, str] = {}
    for one, other in itertools.permutations(datasets, 2):
        try:
            tie = relation(datasets[one], datasets[other])
        except OpendataError as error:
            problems[one, other] = f"{error.place}: {error.what}. {error.remedy}"
            continue
        if tie.verdict == "same":
            ties[one, other] = tie
        elif tie.verdict == "undecided" and one < other:
            problems[one, other] = (
                f"Whether {one} and {other} count the same records is not decided: {tie.sentence}. Let the data coordinator "
                f"answer it under `other_datasets` in the declaration of {one} or {other}."
            )
    return ties, problems


def _groups(datasets: Iterable[str], ties: Iterable[Pair]) -> list[tuple[str, ...]]:
    """Datasets that pairs lead from one to another."""
    group_of = {name: {name} for name in datasets}
    for one, other in ties:
        together = group_of[one] | group_of[other]
        for name in together:
            group_of[name] = together
    return sorted({tuple(sorted(group)) for group in group_of.values()})


@dataclass(frozen=True)
class _Group:
    """``ties``: between the datasets of this group."""

    datasets: Mapping[str, PublicDataset]
    ties: Mapping[Pair, Relation]
    seconds: float

    def attacked(self, members: Sequence[str], problems: list[str]) -> Group:
        """Every member attacked with what it is tied to."""
        findings: dict[tuple[str, tuple[str, ...]], Finding] = {}
        for name in members:
            try:
                for finding in self._findings(name):
                    findings.setdefault((finding.cell, finding.hidden_in), finding)
            except OpendataError as error:
                problems.append(f"{name}: {error.what}. {error.remedy}")
        said = [f"{one} and {other}: {tie.sentence}" for (one, other), tie in sorted(self.ties.items()) if one < other]
        kept = tuple(findings.values())
        return Group(tuple(members), tuple(said), self._verdict(members, kept, problems), kept, tuple(problems))

    def _verdict(self, members: Sequence[str], findings: Sequence[Finding], problems: Sequence[str]) -> Verdict:
        if any(finding.verdict == "recoverable" for finding in findings):
            return "exposed"
        if findings or problems:
            return "undecided"
        counted = any(counts_of(t) for name in members for r in self.datasets[name].releases for t in r.tables)
        return "safe" if counted else "no counts"

    def _findings(self, name: str) -> Iterable[Finding]:
        """What is exposed of a dataset and of those it is tied to, as far as it can be said in its words."""
        dataset = self.datasets[name]
        task = Task(name, _rule_of(dataset), _seed_of(dataset), self.seconds)
        others = {
            other: in_words_of(dataset, self.datasets[other], tie)
            for (one, other), tie in self.ties.items()
            if one == name
        }
        together = [release for releases in others.values() for release in releases]
        exposed = exposures([*together, *dataset.releases], task)
        if not exposed:
            return
        without = {name: _cells(exposures(dataset.releases, task))}
        for other in others:
            rest = [release for release in together if dataset_of(release.release) != other]
            without[other] = _cells(exposures([*rest, *dataset.releases], task))
        for exposure in exposed:
            yield _finding(exposure, name, without, [*together, *dataset.releases])


def _finding(
    exposure: Exposure, name: str, without: Mapping[str, set[str]], releases: Sequence[PublishedRelease]
) -> Finding:
    """``without``: dataset → the cells exposed when that one is left out; under ``name`` those exposed by it alone."""
    alone = exposure.cell in without[name]
    needed = {other for other, cells in without.items() if other != name and exposure.cell not in cells}
    used = {name} if alone else {name, *(needed or without)}
    hidden = tuple(sorted({f"{dataset_of(release) or name}.{table}" for release, table in exposure.hidden_in}))
    return Finding(exposure.cell, exposure.sentence, exposure.verdict, hidden, _tables_of(releases, name, used))


def _tables_of(releases: Sequence[PublishedRelease], name: str, datasets: set[str]) -> tuple[str, ...]:
    """``dataset.table`` of what ``datasets`` published, ascending. ``name``: whose releases are called by themselves alone."""
    tables = {
        f"{dataset}.{table.table}"
        for release in releases
        for table in release.tables
        if (dataset := dataset_of(release.release) or name) in datasets
    }
    return tuple(sorted(tables))


def _cells(exposed: Iterable[Exposure]) -> set[str]:
    return {exposure.cell for exposure in exposed}


def _seed_of(dataset: PublicDataset) -> int:
    return dataset.declared.seed if dataset.declared is not None else SEED


def _rule_of(dataset: PublicDataset) -> SmallCellRule:
    if dataset.declared is not None:
        return dataset.declared.small_cell_rule
    below = max((t.limits.annotated_below for r in dataset.releases for t in r.tables), default=None)
    return thresholds().small_cell.raised_to(below)
