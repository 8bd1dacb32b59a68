"""Sources to get to know, written for a test, and the request that goes with them."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

REQUEST = {
    "department": "Department of Public Health",
    "steward_name": "A steward",
    "steward_email": "steward@example.org",
    "topic": "Health Care",
    "frequency": "annually",
}
TODAY = dt.date(2026, 11, 22)


def write(folder: Path, text: str | bytes, name: str = "visits.csv") -> Path:
    """The file ``name`` with this text."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def patients(count: int = 3000) -> str:
    """Records of patients: a number, a name, a birth date, a sex, an age, a county, a clinic."""
    draw = random.Random(7)
    lines = ["patient_id,last_name,birth_date,visit_year,sex,age,county_fips,clinic"]
    surnames = ["Quisling", "Zweifel", "Obregon", "Halvorsen", "Ferreira"]
    for n in range(count):
        age = draw.randrange(95)
        lines.append(
            f"P{n + 100000},{draw.choice(surnames)},{2020 - age}-{1 + n % 12:02}-{1 + n % 27:02},{2018 + n % 4},"
            f"{draw.choice('fm')},{age},{draw.choice(['001', '003', '067', '037'])},{draw.choice(['North', 'South'])}"
        )
    return "\n".join(lines) + "\n"


def cases_by_county() -> str:
    """Figures already added up: cases and population by county and year, with rows that are totals."""
    lines = ["county_fips,year,sex,cases,population"]
    draw = random.Random(3)
    for fips in range(1, 116, 2):
        for year in (2019, 2020, 2021):
            parts = {sex: draw.randrange(40) for sex in ("Female", "Male")}
            for sex, cases in [*parts.items(), ("Total", sum(parts.values()))]:
                lines.append(f"06{fips:03},{year},{sex},{cases},{50_000 + fips}")
    return "\n".join(lines) + "\n"
