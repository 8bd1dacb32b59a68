"""What commands show of releases, in staging or previewed: plain values for programs, lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from include.opendata.cli.output import print_json, print_lines
from include.opendata.pipeline.refresh import Outcome
from include.opendata.staging import Staging, open_staging
from include.opendata.storage.manifest import Manifest, read_manifest

OUTCOMES = {
    "unchanged": "unchanged since the last release; nothing new is staged",
    "staged": "staged",
    None: "current",
}


@dataclass(frozen=True)
class TableFigures:
    """Rows, score and suppression of one table of a release, as its manifest has them."""

    table: str
    rows: int
    score: int | None
    cells: int
    small: int
    complementary: int
    unstable: int
    annotation: str


@dataclass(frozen=True)
class StagedDataset:
    """A dataset's current release in staging; ``release`` None where nothing is staged yet.

    ``outcome``: how the run that was just made ended, where one was made · ``files``, ``evidence``: addresses.
    """

    dataset: str
    outcome: str | None = None
    release: str | None = None
    tables: tuple[TableFigures, ...] = ()
    files: str = ""
    evidence: str = ""

    def view(self) -> dict[str, object]:
        """For programs."""
        entry: dict[str, object] = {"dataset": self.dataset, "outcome": self.outcome, "release": self.release}
        if self.release is not None:
            entry |= {"tables": [asdict(t) for t in self.tables], "files": self.files, "evidence": self.evidence}
        return entry


def table_figures(manifest: Manifest) -> tuple[TableFigures, ...]:
    """The figures of each table of a release."""
    return tuple(
        TableFigures(t.table, t.rows, t.score, t.cells, t.small, t.complementary, t.unstable, t.annotation)
        for t in manifest.tables
    )


def staged_dataset(staging: Staging, dataset: str, outcome: str | None = None) -> StagedDataset:
    """What is current in staging of ``dataset``. Raises StorageError."""
    release = staging.current(dataset)
    if release is None:
        return StagedDataset(dataset, outcome)
    return StagedDataset(
        dataset,
        outcome,
        release,
        table_figures(staging.read_manifest(dataset, release)),
        staging.address_of(dataset, release, "data"),
        staging.address_of(dataset, release, "evidence/index.html"),
    )


def print_summary(ids: Iterable[str], address: str, outcomes: Mapping[str, str], as_json: bool) -> None:
    """Answer with what is current in the staging at ``address``. ``outcomes``: how runs just made ended, by dataset."""
    staging = open_staging(address)
    datasets = [staged_dataset(staging, dataset, outcomes.get(dataset)) for dataset in ids]
    if as_json:
        print_json({"staging": address, "datasets": [entry.view() for entry in datasets]})
    else:
        print_lines(staged_lines(datasets))


def print_preview(outcome: Outcome, as_json: bool) -> None:
    """Answer with the release that a preview left in the work area."""
    if outcome.folder is None:
        raise RuntimeError("a preview leaves a release behind")
    folder = outcome.folder
    manifest = read_manifest(folder / "manifest.json", dataset=outcome.dataset)
    tables = table_figures(manifest)
    if as_json:
        view = {"dataset": outcome.dataset, "outcome": outcome.outcome, "folder": str(folder)}
        print_json(view | {"release": manifest.release, "tables": [asdict(t) for t in tables]})
        return
    print_lines(
        [
            f"{outcome.dataset} · release {manifest.release} · previewed; nothing was staged",
            *_table_lines(tables),
            f"  files     {folder}/data",
            f"  evidence  {folder}/evidence/index.html",
        ]
    )


def staged_lines(datasets: Sequence[StagedDataset]) -> list[str]:
    """What is current in staging, for people: a block per dataset."""
    lines: list[str] = []
    for entry in datasets:
        lines += [*_dataset_lines(entry), ""]
    return lines[:-1]


def _dataset_lines(entry: StagedDataset) -> list[str]:
    if entry.release is None:
        return [f"{entry.dataset}: nothing is staged yet"]
    return [
        f"{entry.dataset} · release {entry.release} · {OUTCOMES[entry.outcome]}",
        *_table_lines(entry.tables),
        f"  files     {_shortened(entry.files)}",
        f"  evidence  {_shortened(entry.evidence)}",
    ]


def _table_lines(tables: Sequence[TableFigures]) -> list[str]:
    width = max(len(t.table) for t in tables)
    lines = [f"  {'table':<{width}}  {'rows':>6}  {'score':>5}  suppressed: small / complementary"]
    for t in tables:
        score = "–" if t.score is None else t.score
        hidden = f"{t.small} / {t.complementary} of {t.cells} cells"
        lines.append(f"  {t.table:<{width}}  {t.rows:>6}  {score:>5}  {hidden}")
    return lines


def _shortened(path: str) -> str:
    """The path from where the reader stands, when it lies below; an address as it is."""
    if "://" in path:
        return path
    try:
        return "./" + str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return path
