"""Whether the stored witnesses of a release prove that no small count can be recovered from it.

Reads the published files in staging and the proof in the evidence store; imports nothing of the rooms that hid cells or
attacked them. The cells and equations are built again from the published files, what each cell says is read again, and both
must be what the proof says they are. Then every witness is added up: it must agree with every shown figure, every bound and
every equation, in whole numbers; and every blank that can be small must differ by the width in two of them. A blank that
rests on a bound of linear programming, or whose only proof would have been the true table, is not proven here: it is
counted and reported.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

import numpy as np

from include.opendata.disclosure.cell_states import ABSENT, BLANK, CODE_COMPLEMENTARY, SHOWN
from include.opendata.disclosure.cells import LinkedCells, link
from include.opendata.disclosure.history import UPCOMING
from include.opendata.disclosure.history.joint import joint_cells
from include.opendata.disclosure.history.published import (
    PublishedRelease,
    PublishedTable,
    TableDescription,
    read_published,
)
from include.opendata.disclosure.proof.facts import CellFacts, facts_of
from include.opendata.disclosure.proof.percentages import check_percentages
from include.opendata.errors import OpendataError
from include.opendata.rules.release import thresholds
from include.opendata.rules.small_cells import SmallCellRule
from include.opendata.storage.digests import sha256_of
from include.opendata.storage.structures import structure_from_json
from include.opendata.vocabulary import ProtectedTable

PROOF = "proof.json"

ReadStaged = Callable[[str, str], bytes]


class KeptView(TypedDict):
    """What the proof says of one way of reading the release: which measure, from which release's figures on, by which rule
    (``threshold``: counts below are small; ``min_width``: its width), and the file of its cells and witnesses."""

    identity: str
    base: str
    file: str
    threshold: int
    min_width: int
    persons: bool


class KeptTable(TypedDict):
    """A published table, its file in staging and the digest of it."""

    table: str
    file: str
    sha256: str


class KeptProof(TypedDict):
    """``proof.json``, as far as it is read here. ``files``: name in the evidence store → digest · ``earlier``: the releases
    that were taken into account."""

    dataset: str
    release: str
    files: dict[str, str]
    tables: list[KeptTable]
    earlier: list[str]
    views: list[KeptView]


@dataclass(frozen=True)
class ProofReport:
    """``problems``: sentences without values, none when it is proven. ``figures``: counts: views, blanks, by_witnesses,
    by_bounds (safe by a bound of linear programming alone), withheld (the witness would be the true table), large (the
    code says so), set_aside (readings of other releases that contradict), percentages (tables of whole percentages, of
    which the file alone is re-checked)."""

    dataset: str
    release: str
    problems: tuple[str, ...]
    figures: dict[str, int]

    @property
    def proven(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@dataclass(frozen=True, eq=False)
class _System:
    """A view's cells as built again; ``facts`` of the release it starts from and of every release together with it."""

    cells: LinkedCells
    base: CellFacts
    others: tuple[CellFacts, ...]


def check_proof(
    folder: Path, staged: Sequence[str], read: ReadStaged, evidence: Path, *, release: str, known: str | None
) -> ProofReport:
    """Re-check the proof of ``release`` in ``folder``.

    ``staged``: the releases in staging, the oldest first · ``read``: the bytes of a file as they lie in staging, of a release
    and a path · ``evidence``: the dataset's folder in the evidence store · ``known``: the digest of the proof that the ledger
    has, if it has one.
    """
    proof: KeptProof = json.loads((folder / PROOF).read_bytes())
    problems = _files(folder, proof, known)
    figures = dict.fromkeys(
        ("views", "blanks", "by_witnesses", "large", "by_bounds", "withheld", "set_aside", "percentages"), 0
    )
    try:
        tables, before, wrong = _releases(folder, proof, staged, read, evidence)
        problems += wrong
        systems = _systems(tables, before, proof)
        problems += _percentages(tables, before[-1], figures)
    except (OpendataError, KeyError, ValueError, OSError) as broken:
        return ProofReport(proof["dataset"], release, (*problems, _unreadable(broken)), figures)
    listed = {(view["identity"], view["base"]) for view in proof["views"]}
    problems += _left_out(systems, listed, release)
    forgotten = set(staged[: staged.index(release)]) - set(proof["earlier"])
    if forgotten:
        problems.append(f"{len(forgotten)} release(s) staged before this one are not in the proof.")
    for view in proof["views"]:
        figures["views"] += 1
        system = systems.get((view["identity"], view["base"]))
        if system is None:
            problems.append(f"The proof speaks of a measure or release that is not there ({view['base'] or release}).")
            continue
        problems += _check_view(folder / view["file"], view, system, figures)
    return ProofReport(proof["dataset"], release, tuple(problems), figures)


def _percentages(tables: list[ProtectedTable], published: PublishedRelease, figures: dict[str, int]) -> list[str]:
    """What is wrong with tables that publish whole percentages in place of counts; they have no witnesses."""
    problems: list[str] = []
    for table, kept in zip(tables, published.tables, strict=True):
        if table.structure.percentages_only:
            wrong = check_percentages(table, kept.limits)
            figures["percentages"] += not wrong
            problems += wrong
    return problems


def _left_out(systems: dict[tuple[str, str], _System], listed: set[tuple[str, str]], release: str) -> list[str]:
    """Ways of reading the release that a proof must speak of, and does not."""
    missing = 0
    for place, system in systems.items():
        by_itself = place[1] == "" and bool(system.base.blank.any())
        together = place[1] == release and any(_adds(other, system.base) for other in system.others)
        missing += (by_itself or together) and place not in listed
    return [f"{missing} way(s) of reading the release's measures are not in the proof."] if missing else []


def _adds(other: CellFacts, base: CellFacts) -> bool:
    """Whether one release says anything of a cell that another one does not show."""
    unknown = base.state != SHOWN
    return bool((unknown & (other.state == SHOWN)).any() or (other.blank & (base.state == ABSENT)).any())


def _files(folder: Path, proof: KeptProof, known: str | None) -> list[str]:
    problems = []
    if known is not None and sha256_of((folder / PROOF).read_bytes()) != known:
        problems.append("The proof is not the one the ledger knows.")
    for name, digest in proof["files"].items():
        path = folder / name
        if not path.is_file() or sha256_of(path.read_bytes()) != digest:
            problems.append(f"The proof's file {name} is missing or was changed.")
    return problems


def _releases(
    folder: Path, proof: KeptProof, staged: Sequence[str], read: ReadStaged, evidence: Path
) -> tuple[list[ProtectedTable], list[PublishedRelease], list[str]]:
    """The release's tables as they lie in staging, everything published before, and what is wrong with either."""
    problems: list[str] = []
    own: list[ProtectedTable] = []
    upcoming: list[PublishedTable] = []
    for table in proof["tables"]:
        content = read(proof["release"], table["file"])
        if sha256_of(content) != table["sha256"]:
            problems.append(f"{table['file']} in staging is not the file that was proven.")
        described: TableDescription = json.loads((folder / "structure" / f"{table['table']}.json").read_bytes())
        structure = structure_from_json(described["structure"])
        frame = read_published(content.decode(), structure)
        own.append(
            ProtectedTable(
                structure=structure,
                annotation=described["annotation"],
                frame=frame,
                masked=True,
                small=0,
                complementary=0,
                unstable=0,
                cells=len(frame),
                annotated_below=described["limits"]["annotated_below"],
            )
        )
        upcoming.append(PublishedTable.from_description(described, content.decode()))
    before = []
    for release in proof["earlier"]:
        kept = sorted((evidence / release / "published").glob("*.z"))
        tables = [PublishedTable.from_bytes(path.read_bytes()) for path in kept]
        if not tables:
            problems.append(f"The evidence store does not hold what release {release} published.")
        for published in tables:
            path = f"data/{published.table}.csv"
            if release in staged and read(release, path) != published.text.encode():
                problems.append(f"{path} of release {release} in staging is not what is remembered of it.")
        before.append(PublishedRelease(release, tuple(tables)))
    return own, [*before, PublishedRelease(UPCOMING, tuple(upcoming))], problems


def _systems(
    own: list[ProtectedTable], releases: list[PublishedRelease], proof: KeptProof
) -> dict[tuple[str, str], _System]:
    """(measure, release that is taken as right) → its cells and facts: of the release by itself, for which the second is
    empty, and of every release together with all others."""
    described = [(t.structure, {d.name: t.frame[d.name].tolist() for d in t.structure.dimensions}) for t in own]
    now = own[0].annotated_below if own else 0
    systems = {
        (cells.identity, ""): _System(cells, facts_of(cells, own, now), ()) for cells in link(described, joint=True)
    }
    for joint in joint_cells(releases, dataset=proof["dataset"]) if proof["earlier"] else ():
        sides = [facts_of(joint.of_release(i), tables, now) for i, tables in enumerate(joint.tables)]
        for position, name in enumerate(joint.releases):
            base = proof["release"] if name == UPCOMING else name
            others = tuple(sides[:position] + sides[position + 1 :])
            systems[joint.cells.identity, base] = _System(joint.cells, sides[position], others)
    return systems


def _check_view(path: Path, view: KeptView, system: _System, figures: dict[str, int]) -> list[str]:
    """What is wrong with the proof of one view; counts what proves its blanks."""
    stored = _stored(path)
    if stored is None:
        return [f"{path.name} cannot be read."]
    where = f"{view['identity']}, {view['base'] or 'by itself'}"
    rule = _rule_of(view)
    facts = _with_readings(system, stored, rule, view["persons"])
    figures["set_aside"] += _set_aside(system, facts)
    wrong = _differences(system.cells, facts, stored)
    if wrong:
        return [f"{where}: {sentence}" for sentence in wrong]
    tables, cells = stored["tables"].astype(np.int64), stored["cells"].astype(np.int64)
    hidden = np.flatnonzero(facts.state != SHOWN)
    if tables.ndim != 2 or tables.shape[1:] != cells.shape or not np.array_equal(np.sort(cells), hidden):
        return [f"{where}: the witnesses are not about the cells that are hidden."]
    wide = np.zeros(len(facts.state), dtype=bool)
    if len(tables):
        wide[cells] = np.ptp(tables, axis=0) >= rule.width
    problems = [
        *_contradicting(system.cells, facts, cells, tables),
        *_unproven(facts, wide, stored, figures),
        *_groups(system.cells, facts, cells, tables, rule),
    ]
    return [f"{where}: {sentence}" for sentence in problems]


def _stored(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of a view's file; None when it cannot be read."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except (OSError, ValueError, EOFError):
        return None


def _rule_of(view: KeptView) -> SmallCellRule:
    """The rule the release was made with, which need not be the one of today."""
    return thresholds().small_cell.model_copy(update={"below": view["threshold"], "width": view["min_width"]})


def _contradicting(cells: LinkedCells, facts: CellFacts, at: np.ndarray, tables: np.ndarray) -> list[str]:
    bad = sum(not _agrees(cells, facts, at, row) for row in tables)
    return [f"{bad} of {len(tables)} witnesses contradict what is published."] if bad else []


def _unproven(facts: CellFacts, wide: np.ndarray, stored: dict[str, np.ndarray], figures: dict[str, int]) -> list[str]:
    """Blanks that nothing proves; counts those that something does, each once, by the strongest proof it has."""
    number = np.arange(len(wide))
    proofs = {
        "by_witnesses": wide,
        "large": facts.state == CODE_COMPLEMENTARY,
        "by_bounds": np.isin(number, stored["by_bounds"]),
        "withheld": np.isin(number, stored["withheld"]),
    }
    left = facts.blank
    figures["blanks"] += int(left.sum())
    for name, proven in proofs.items():
        figures[name] += int((left & proven).sum())
        left = left & ~proven
    return [f"{int(left.sum())} of {int(facts.blank.sum())} blanks are not proven."] if left.any() else []


def _with_readings(system: _System, stored: dict[str, np.ndarray], rule: SmallCellRule, persons: bool) -> CellFacts:
    """The facts of the base, with the readings of other releases that the proof took for true: each must be one of theirs.

    A reading the proof did not take leaves the attacker less; it is reported as set aside.
    """
    facts = replace(
        system.base, value=system.base.value.copy(), state=system.base.state.copy(),
        low=system.base.low.copy(), high=system.base.high.copy(),
    )  # fmt: skip
    facts.apply_codes(rule, persons)
    if len(stored["state"]) != len(facts.state):
        return facts
    for other in system.others:
        other.apply_codes(rule, persons)
        open_ = system.base.state != SHOWN
        same = open_ & (other.state == SHOWN) & (stored["state"] == SHOWN) & (stored["value"] == other.value)
        facts.state[same], facts.value[same] = SHOWN, other.value[same]
        facts.low[same] = facts.high[same] = other.value[same]
        blank = open_ & other.blank & (facts.state != SHOWN)
        taken = blank & (stored["low"] >= other.low) & (stored["high"] <= other.high)
        facts.low[taken] = np.maximum(facts.low[taken], other.low[taken])
        facts.high[taken] = np.minimum(facts.high[taken], other.high[taken])
        vague = taken & np.isin(facts.state, (ABSENT, BLANK)) & (stored["state"] == other.state)
        facts.state[vague] = other.state[vague]
    return facts


def _set_aside(system: _System, facts: CellFacts) -> int:
    """Figures other releases show of cells the base does not, and that the proof does not take for true."""
    unknown = system.base.state != SHOWN
    return sum(
        int((unknown & (other.state == SHOWN) & ~((facts.state == SHOWN) & (facts.value == other.value))).sum())
        for other in system.others
    )


def _differences(cells: LinkedCells, facts: CellFacts, stored: dict[str, np.ndarray]) -> list[str]:
    ends = np.cumsum(stored["lengths"])[:-1]
    equations = [tuple(part.tolist()) for part in np.split(stored["equations"], ends)] if len(stored["lengths"]) else []
    if equations != [(parent, *children) for parent, children in cells.equations]:
        return ["the equations are not those of the published tables."]
    wrong = []
    for name, mine in (("state", facts.state), ("value", facts.value), ("low", facts.low), ("high", facts.high)):
        if not np.array_equal(mine, stored[name]):
            wrong.append(f"{name} of the cells is not what the published files say.")
    return wrong


def _agrees(cells: LinkedCells, facts: CellFacts, at: np.ndarray, row: np.ndarray) -> bool:
    table = facts.value.copy()
    table[at] = row
    if (table < facts.low).any() or (table > facts.high).any():
        return False
    return all(table[parent] == table[list(children)].sum() for parent, children in cells.equations)


def _groups(cells: LinkedCells, facts: CellFacts, at: np.ndarray, tables: np.ndarray, rule: SmallCellRule) -> list[str]:
    """Hidden parts of one total whose sum is the same small count in every witness (DDG 2.0 §4.4.1 (6))."""
    place = {int(c): i for i, c in enumerate(at)}
    same = 0
    for parent, children in cells.equations:
        hidden = [place[c] for c in children if facts.state[c] != SHOWN]
        if len(hidden) < 2 or not len(tables) or cells.counts_no_one[parent]:
            continue
        sums = tables[:, hidden].sum(axis=1)
        same += bool(sums.min() == sums.max() and 1 <= sums.max() < rule.below)
    return [f"{same} group(s) of hidden counts add up to the same small count in every witness."] if same else []


def _unreadable(broken: Exception) -> str:
    said = broken.what if isinstance(broken, OpendataError) else type(broken).__name__
    return f"The proof does not fit what is in staging: {said}."
