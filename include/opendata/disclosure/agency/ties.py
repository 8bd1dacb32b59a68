"""Whether two datasets count the same records, and how that is known.

In this order: made of the same source (one place, or the same bytes once); the coordinator's answer in a declaration; equal
figures beyond any accident. Undecided stays a pair whose figures are equal in some cells, or whose sources have the same
columns: someone has to say, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from include.opendata.declaration.other_datasets import OtherDataset
from include.opendata.disclosure.agency.equal_figures import Comparison, compare
from include.opendata.disclosure.agency.public import PublicDataset
from include.opendata.errors import Place, Refused
from include.opendata.rules.release import thresholds

ALIKE = 0.8
"""The part of the smaller source's columns that another one has too, from which on both may be the same source."""

Verdict = Literal["same", "unrelated", "undecided"]


@dataclass(frozen=True)
class Relation:
    """How a dataset stands to ``other``. ``exact``: their categories can be compared by the source's values, not by labels
    alone · ``sentence``: for people, how it is known · ``measures``: counts known to be the same, as of :class:`Comparison`."""

    other: str
    verdict: Verdict
    exact: bool
    sentence: str
    measures: tuple[tuple[str, str], ...] = ()


def relation(dataset: PublicDataset, other: PublicDataset) -> Relation:
    """How ``dataset`` stands to ``other``. Raises Refused (``same-source-declared-unrelated``)."""
    answer = answer_of(dataset, other)
    alike = columns_alike(dataset, other)
    source = _same_source(dataset, other)
    if source is not None:
        if answer is not None and answer.relation == "unrelated":
            raise _contradicted(dataset, other)
        return Relation(other.dataset, "same", True, source)
    figures = compare(dataset.newest, other.newest, from_=thresholds().small_cell.below)
    if answer is not None:
        return _answered(answer, other, alike, figures)
    if figures.certain:
        sentence = f"{figures.equal} of {figures.compared} figures under the same labels are equal"
        return Relation(other.dataset, "same", alike, sentence, figures.measures)
    if figures.possible:
        sentence = (
            f"{figures.equal} of {figures.compared} figures under the same labels are equal, which may be an accident"
        )
        return Relation(other.dataset, "undecided", alike, sentence, figures.measures)
    if alike and _same_time(dataset, other):
        sentence = "their sources have the same columns and speak of the same time"
        return Relation(other.dataset, "undecided", True, sentence)
    return Relation(other.dataset, "unrelated", False, "neither source nor figures have anything in common")


def answer_of(dataset: PublicDataset, other: PublicDataset) -> OtherDataset | None:
    """What the coordinator said of the two, in either declaration."""
    for one, another in ((dataset, other), (other, dataset)):
        if one.declared is not None and another.dataset in one.declared.other_datasets:
            return one.declared.other_datasets[another.dataset]
    return None


def columns_alike(dataset: PublicDataset, other: PublicDataset) -> bool:
    """Whether the columns of two sources, and what a record is, are mostly the same."""
    if dataset.declared and other.declared and dataset.declared.source.record != other.declared.source.record:
        return False
    one, another = dataset.columns, other.columns
    shared = [
        name for name in one.keys() & another.keys() if None in (one[name], another[name]) or one[name] == another[name]
    ]
    return len(shared) > 1 and len(shared) >= ALIKE * min(len(one), len(another))


def _same_source(dataset: PublicDataset, other: PublicDataset) -> str | None:
    if dataset.location is not None and dataset.location == other.location:
        return "both read their source from the same place"
    if set(dataset.sources.values()) & set(other.sources.values()):
        return "both were made of the very same source"
    return None


def _answered(answer: OtherDataset, other: PublicDataset, alike: bool, figures: Comparison) -> Relation:
    said = f"{answer.by} said so on {answer.date.isoformat()}: {answer.reason}"
    verdict: Verdict = "same" if answer.relation == "same_records" else "unrelated"
    return Relation(other.dataset, verdict, alike, said, figures.measures)


def _same_time(dataset: PublicDataset, other: PublicDataset) -> bool:
    (a, b), (c, d) = dataset.period, other.period
    return max(a, c) < min(b, d)


def _contradicted(dataset: PublicDataset, other: PublicDataset) -> Refused:
    return Refused(
        f"the dataset and {other.dataset} are declared unrelated, and both are made of the same source",
        remedy=f"Take {other.dataset} out of `other_datasets`, or {dataset.dataset} out of that of {other.dataset}; they are "
        "then attacked together.",
        slug="same-source-declared-unrelated",
        place=Place(dataset=dataset.dataset),
    )
