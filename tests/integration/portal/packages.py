"""Packages as a release would have them, made of a few rows for one test."""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from include.opendata.portals.ckan import PortalAccess, PublishedPackage, WantedPackage, publish_package
from include.opendata.portals.ckan.package import WantedResource, WantedTable, resource_id
from tests.servers.ckan.prepare import DEPARTMENT

FIELDS = {
    "title": "Visits to clinics",
    "notes": "Visits to the clinics of a county.",
    "contact_email": "clinics@example.org",
    "author": "Clinics program",
    "program_web_page": "https://www.example.org/clinics",
    "temporal_coverage": "2020-01-01/2020-12-31",
    "geographic_granularity": "county",
    "language": "English",
    "accrual_periodicity": "annually",
    "data_license": "Terms of Use",
    "limitations": "Limitations",
    "de_identification_method": "Each table was assessed.\n\n- **Visits**: score 9.",
    "citation": "",
}
TYPES = {"County": "text", "Sex": "text", "Visits": "numeric", "Visits_annotation": "text"}
KEY = ("County", "Sex")
ROWS: tuple[tuple[str, ...], ...] = (
    ("Alameda", "Female", "120", ""),
    ("Alameda", "Male", "90.50", ""),
    ("Alpine", "Female", "", "1"),
    ("Alpine", "Male", "", "2"),
    ('San "Luis", Obispo', "Female", "0", ""),
)


@dataclass
class Trial:
    """A package and its files; tests change it and publish it again."""

    name: str
    folder: Path
    fields: Mapping[str, str] = field(default_factory=lambda: dict(FIELDS))
    tags: tuple[str, ...] = ("clinics", "visits")
    organization: str = DEPARTMENT
    resources: dict[str, WantedResource] = field(default_factory=dict)

    @classmethod
    def of(cls, test: str, folder: Path) -> Trial:
        name = "t-" + hashlib.sha256(test.encode()).hexdigest()[:16]
        made = cls(name, folder / "release")
        made.folder.mkdir()
        made.table("visits", ROWS)
        return made

    def table(
        self,
        name: str,
        rows: Iterable[Sequence[str]],
        *,
        types: Mapping[str, str] = TYPES,
        key: Sequence[str] = KEY,
        notes: str = "As counted.",
    ) -> WantedResource:
        """Add or replace a table: a CSV file that is loaded into the DataStore."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(types)
        writer.writerows(rows)
        fields = tuple(
            {"id": column, "type": kind, "info": {"label": column.lower(), "notes": notes, "type_override": kind}}
            for column, kind in types.items()
        )
        made = self.file(f"{name}.csv", text.getvalue().encode())
        self.resources[made.filename] = replace(made, table=WantedTable(fields, tuple(key)))
        return self.resources[made.filename]

    def file(self, filename: str, content: bytes) -> WantedResource:
        """Add or replace a file."""
        (self.folder / filename).write_bytes(content)
        kind = filename.rpartition(".")[2].upper()
        described = {
            "name": f"The {filename}",
            "description": f"What is in {filename}.",
            "format": kind,
            "mimetype": "text/csv" if kind == "CSV" else "application/json",
            "hash": hashlib.sha256(content).hexdigest(),
        }
        made = WantedResource(resource_id(self.name, filename), filename, filename, described, len(content), None)
        self.resources[filename] = made
        return made

    def wanted(self) -> WantedPackage:
        return WantedPackage(
            dataset="clinic_visits",
            release="r1",
            name=self.name,
            organization=self.organization,
            fields=self.fields,
            tags=tuple(sorted(self.tags)),
            groups=("health-care",),
            resources=tuple(self.resources.values()),
        )

    def publish(self, access: PortalAccess, **more: Any) -> PublishedPackage:
        self.said: list[str] = []
        return publish_package(
            access,
            self.wanted(),
            lambda path, into: shutil.copyfile(self.folder / path, into),  # type: ignore[arg-type, return-value]
            self.said.append,
            **more,
        )

    def id(self, filename: str = "visits.csv") -> str:
        return self.resources[filename].id
