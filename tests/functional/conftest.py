"""A small installation of its own for every test: declarations, suites, work area, ledger and staging in a temporary
folder, and ``bin/opendata`` run against it."""

from __future__ import annotations

import contextlib
import io
import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from include.opendata import places
from tests.lib import declarations


@dataclass(frozen=True)
class Answer:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


@dataclass
class Installation:
    """The folders of one test and the ways to fill them."""

    folder: Path

    def opendata(self, *arguments: str) -> Answer:
        from include.opendata.cli.app import main

        out, err = io.StringIO(), io.StringIO()
        code: int | str | None = 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main(list(arguments))
            except SystemExit as ended:
                code = ended.code
        return Answer(int(code or 0), out.getvalue(), err.getvalue())

    def declare(self, text: str = declarations.SOUND, *, suites: bool = True) -> None:
        declarations.write(self.folder / "datasets", text.replace("location: visits.csv", f"location: {self.source}"))
        if suites:
            written = self.opendata("suites", "clinic_visits", "--write")
            assert written.code == 0, written.err

    @property
    def source(self) -> Path:
        return self.folder / "visits.csv"

    def visits(self, women: int = 1200, men: int = 900) -> str:
        """Records of so many persons, in an order that says nothing."""
        sexes = ["f"] * women + ["m"] * men
        random.Random(7).shuffle(sexes)
        return "id,sex,age\n" + "".join(f"{n},{sex},{20 + n % 50}\n" for n, sex in enumerate(sexes, 1))

    def write_source(self, text: str | bytes | None = None) -> None:
        data = self.visits() if text is None else text
        self.source.write_bytes(data if isinstance(data, bytes) else data.encode())

    @property
    def staging(self) -> Path:
        return self.folder / "staging"

    def staged(self) -> dict[str, bytes]:
        """Every file of staging but the manifests, which tell times."""
        return {
            path.relative_to(self.staging).as_posix(): path.read_bytes()
            for path in sorted(self.staging.rglob("*"))
            if path.is_file() and path.name != "manifest.json"
        }

    def releases_in_ledger(self) -> list[str]:
        from include.opendata.ledger import open_ledger

        return [entry.release for entry in open_ledger().releases()]


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation in ``folder``: its Great Expectations project without suites, and every place moved there."""
    if not (folder / "great_expectations").is_dir():
        shutil.copytree(places.ROOT / "great_expectations", folder / "great_expectations")
        for path in (folder / "great_expectations" / "expectations").glob("*.json"):
            path.unlink()
    monkeypatch.setenv("OPENDATA_DATASETS", str(folder / "datasets"))
    monkeypatch.setenv("OPENDATA_EXPECTATIONS", str(folder / "great_expectations"))
    monkeypatch.setenv("OPENDATA_WORK", str(folder / "work"))
    monkeypatch.setenv("OPENDATA_STAGING", str(folder / "staging"))
    monkeypatch.setenv("OPENDATA_LEDGER", f"sqlite:///{folder / 'ledger.sqlite'}")
    monkeypatch.setenv("OPENDATA_EVIDENCE", str(folder / "evidence"))
    return Installation(folder)


@pytest.fixture
def installation(tmp_path, monkeypatch) -> Installation:
    return install(tmp_path, monkeypatch)
