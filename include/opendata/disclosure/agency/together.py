"""Attacks what one dataset publishes, or is about to, together with all that others published of the same records.

A release of another dataset is read as an earlier release of this one is (``history.joint``, ``attack.readings``): every one
is taken as the starting point once. Besides, a count that one dataset leaves blank and another shows as a small one needs
no arithmetic at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from include.opendata.disclosure.attack import RECOVERABLE, UNDECIDED, AttackReport, PublishedView, attack
from include.opendata.disclosure.attack.readings import newest_view, views_with_earlier
from include.opendata.disclosure.history.joint import JointCells, joint_cells
from include.opendata.disclosure.history.published import PublishedRelease
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.vocabulary import ProtectedTable

Place = tuple[str, str]
"""(release, table); the release of another dataset is called ``dataset/release``."""


@dataclass(frozen=True)
class Exposure:
    """A hidden count, or a sum of hidden ones, that can be computed, or was not decided. ``cell``: the labels it is published
    under; of a sum those of the total · ``sentence``: as the attacker would write it, without any count · ``hidden_in``: where
    it is blank · ``shown_in``: where it is shown, if it is."""

    cell: str
    sentence: str
    verdict: str
    hidden_in: tuple[Place, ...] = ()
    shown_in: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Task:
    """``seconds``: an attack that is not done by then leaves what is open undecided."""

    dataset: str
    rule: SmallCellRule
    seed: int
    seconds: float
    progress: Callable[[str], None] | None = None


def exposures(releases: Sequence[PublishedRelease], task: Task) -> tuple[Exposure, ...]:
    """What a person computes who has all of ``releases``, the newest last, of every count of that one.

    The newest release is attacked by itself too where nothing comes before it. Raises what ``joint_cells`` raises.
    """
    exposed: list[Exposure] = []
    for joint in joint_cells(releases, dataset=task.dataset):
        exposed += _shown_elsewhere(joint, task.rule)
        views = views_with_earlier(joint, rule=task.rule, dataset=task.dataset, progress=task.progress)
        read = [view for _, view, _ in views]
        if len(releases) == 1:
            read.append(newest_view(joint, views, rule=task.rule, dataset=task.dataset)[1])
        for view in read:
            report = attack(view, seed=task.seed, seconds=task.seconds, progress=task.progress)
            exposed += _exposures_of(joint, view, report)
    return tuple(dict.fromkeys(exposed))


def dataset_of(release: str) -> str:
    """The dataset of a release of another one; empty for the dataset's own."""
    return release.partition("/")[0] if "/" in release else ""


def _exposures_of(joint: JointCells, view: PublishedView, report: AttackReport) -> Iterable[Exposure]:
    failing = [f for f in report.cells if f.verdict in (RECOVERABLE, UNDECIDED)]
    wanted = {f.cell for f in failing} | {c for g in report.groups for c in view.equations[g.equation][1]}
    blank, _ = _rows(joint, wanted)
    for finding in failing:
        cell = joint.cells.names[finding.cell]
        yield Exposure(cell, finding.sentence, finding.verdict, tuple(blank.get(finding.cell, ())))
    for group in report.groups:
        places = dict.fromkeys(p for c in view.equations[group.equation][1] for p in blank.get(c, ()))
        cell = joint.cells.names[view.equations[group.equation][0]]
        yield Exposure(cell, group.sentence, group.verdict, tuple(places))


def _shown_elsewhere(joint: JointCells, rule: SmallCellRule) -> Iterable[Exposure]:
    """Small counts that one dataset shows and another leaves blank."""
    blank, small = _rows(joint, None, rule)
    for cell in sorted(blank.keys() & small.keys()):
        hidden = {dataset_of(release) for release, _ in blank[cell]}
        shown = [place for place in small[cell] if {dataset_of(place[0])} != hidden]
        if shown:
            sentence = f"The blank at ({joint.cells.names[cell]}) is shown by another dataset, as a small count."
            yield Exposure(joint.cells.names[cell], sentence, RECOVERABLE, tuple(blank[cell]), tuple(shown))


def _rows(
    joint: JointCells, wanted: set[int] | None, rule: SmallCellRule | None = None
) -> tuple[dict[int, list[Place]], dict[int, list[Place]]]:
    """Cell → the tables that leave it blank, and those that show a small count of it; of ``wanted`` cells, or all."""
    blank: dict[int, list[Place]] = {}
    small: dict[int, list[Place]] = {}
    for release, tables in zip(joint.releases, joint.tables, strict=True):
        for table in tables:
            for (name, measure), rows in joint.cells.rows.items():
                if name == table.structure.table:
                    place = (release, name.removesuffix(f"@{release}"))
                    _note(blank, rows[_missing(table, measure)], place, wanted)
                    if rule is not None:
                        _note(small, rows[_small(table, measure, rule)], place, wanted)
    return blank, small


def _note(places: dict[int, list[Place]], cells: np.ndarray, place: Place, wanted: set[int] | None) -> None:
    for cell in cells.tolist():
        if wanted is None or cell in wanted:
            of_cell = places.setdefault(cell, [])
            if place not in of_cell:
                of_cell.append(place)


def _missing(table: ProtectedTable, measure: str) -> np.ndarray:
    missing: np.ndarray = table.frame[measure].isna().to_numpy()
    return missing


def _small(table: ProtectedTable, measure: str, rule: SmallCellRule) -> np.ndarray:
    counts = table.frame[measure].fillna(0).to_numpy(dtype=np.int64)
    small: np.ndarray = (counts > 0) & (counts < rule.below)
    return small
