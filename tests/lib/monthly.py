"""Monthly extracts of visits to clinics, and the declaration that they are refreshed by."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.functional.conftest import Installation, install
from tests.lib.declarations import SOUND


@dataclass
class Begun:
    """An installation with a first release, made once and taken out anew for every test, always in the same folder."""

    folder: Path
    saved: Path

    @classmethod
    def with_release(cls, folder: Path, declared: str, source: str) -> Begun:
        begun = cls(folder / "installation", folder / "saved")
        begun.folder.mkdir()
        with pytest.MonkeyPatch.context() as monkeypatch:
            installation = install(begun.folder, monkeypatch)
            installation.write_source(source)
            installation.declare(declared)
            answer = installation.opendata("refresh", "clinic_visits")
            assert answer.code == 0, answer.err
        shutil.copytree(begun.folder, begun.saved)
        return begun

    def anew(self, monkeypatch: pytest.MonkeyPatch) -> Installation:
        shutil.rmtree(self.folder)
        shutil.copytree(self.saved, self.folder)
        return install(self.folder, monkeypatch)


TABLES = SOUND.index("tables:\n")
HEAD = (
    SOUND[:TABLES]
    .replace("{name: age, type: integer, label: Age, definition: Age in years., privacy: indirect_identifier}", "")
    .replace("    - \nquality", "quality")
    .replace(
        "quality:",
        """    - {name: visited, type: date, label: Day, definition: Day of the visit., privacy: indirect_identifier}
    - name: clinic
      type: text
      label: Clinic
      definition: The clinic.
      valid_values: [n, s, w]
      privacy: indirect_identifier
quality:""",
        1,
    )
    .replace("end: 2020-12-31", "end: 2022-12-31")
)
CLINIC = """\
      - name: Clinic
        label: Clinic
        definition: The clinic.
        column: clinic
        labels: {n: North, s: South, w: West}
        scores_as: other
        total: All clinics
"""
SEX = """\
      - name: Sex
        label: Sex
        definition: Sex of the person.
        column: sex
        labels: {f: Female, m: Male}
        scores_as: sex
        total: Both sexes
"""
MONTH = """\
      - name: Month
        label: Month
        definition: Month of the visit.
        column: visited
        period: month
        scores_as: time
        total: All months
"""


def a_table(*dimensions: str, name: str = "visits_by_month", refresh: str = "append", more: str = "") -> str:
    """A table that counts persons by ``dimensions``; ``more``: further fields, indented as the table's are."""
    return (
        f"  - table: {name}\n    title: {name}\n    description: Persons.\n    annotation: combined\n"
        f"    high_risk_populations: [homelessness]\n    refresh: {refresh}\n{more}    dimensions:\n"
        + "".join(dimensions)
        + "    measures:\n      - {name: Persons, kind: count, label: Persons, definition: Number of persons.}\n"
    )


def declaration(*tables: str) -> str:
    """The declaration with these tables."""
    return HEAD + "tables:\n" + "".join(tables)


MONTHLY = declaration(a_table(CLINIC, MONTH))


def extract(month: str, *, first_id: int = 1, **persons: int) -> str:
    """The records of one month: ``n_f=3`` is three women at clinic n."""
    lines = ["id,sex,visited,clinic"]
    number = first_id
    for who, count in persons.items():
        clinic, sex = who.split("_")
        for day in range(count):
            lines.append(f"{number},{sex},{month}-{1 + day % 28:02},{clinic}")
            number += 1
    return "\n".join(lines) + "\n"


def together(*extracts: str) -> str:
    """Several extracts as one; records keep their order and are numbered anew."""
    lines = [line.split(",", 1)[1] for one in extracts for line in one.splitlines()[1:]]
    return "\n".join(["id,sex,visited,clinic", *(f"{n},{line}" for n, line in enumerate(lines, 1))]) + "\n"


JANUARY = extract("2022-01", n_f=40, n_m=60, s_f=3, s_m=45, w_f=80, w_m=20)
FEBRUARY = extract("2022-02", first_id=1001, n_f=50, n_m=55, s_f=30, s_m=2, w_f=70, w_m=25)
MARCH = extract("2022-03", first_id=2001, n_f=5, n_m=50, s_f=40, s_m=20, w_f=71, w_m=4)
