"""What the steps of an onboarding leave for one another in the run's folder of the work area, read back as what it was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from pydantic import TypeAdapter

from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.load import load_file
from include.opendata.errors import Place
from include.opendata.onboarding.design import Design
from include.opendata.onboarding.profile import Profile
from include.opendata.onboarding.reading import Reading
from include.opendata.onboarding.request import OnboardingRequest
from include.opendata.onboarding.trial import Trial
from include.opendata.onboarding.typed_records import LooksLike
from include.opendata.sources.fetch import shown
from include.opendata.storage import RunArea

_READING = TypeAdapter(Reading)
_TRIALS = TypeAdapter(tuple[Trial, ...])


class Run(TypedDict):
    """The reference of a run that tasks hand on."""

    dataset: str
    run_id: str


class PersonalColumns(TypedDict):
    """Column → what it looks like: should records be of persons, and should they be figures already added up."""

    individuals: dict[str, LooksLike]
    aggregate: dict[str, LooksLike]


@dataclass(frozen=True)
class KeptRun:
    """A run's folder of the work area."""

    dataset: str
    area: RunArea

    @classmethod
    def of(cls, run: Run) -> KeptRun:
        """The folder of ``run``."""
        return cls(run["dataset"], RunArea(run["dataset"], run["run_id"]))

    def keep_request(self, request: OnboardingRequest, as_of: dt.date, out: str | None) -> None:
        """Keep what was asked, the day the age of the data is counted from, and the folder the bundle is put into."""
        asked = {"as_of": as_of.isoformat(), "out": out, "request": request.model_dump(mode="json")}
        self.area.write_json("request.json", asked)

    def request(self) -> OnboardingRequest:
        """What was asked."""
        return OnboardingRequest.model_validate(self.area.read_json("request.json")["request"])

    def as_of(self) -> dt.date:
        """The day the age of the data is counted from."""
        return dt.date.fromisoformat(self.area.read_json("request.json")["as_of"])

    def out(self) -> str | None:
        """The folder the bundle is put into; None: the run's own."""
        folder = self.area.read_json("request.json")["out"]
        return None if folder is None else str(folder)

    def place(self) -> Place:
        """The source, as errors name it."""
        return Place(dataset=self.dataset, file=shown(self.request().source))

    def keep_reading(self, reading: Reading) -> None:
        """Keep how the source is written; its records lie in the folder already."""
        records = reading.records.relative_to(self.area.folder).as_posix()
        self.area.write_json("reading.json", {**_READING.dump_python(reading, mode="json"), "records": records})

    def reading(self) -> Reading:
        """How the source is written, and its records."""
        kept = self.area.read_json("reading.json")
        return _READING.validate_python({**kept, "records": self.area.folder / kept["records"]})

    @property
    def spill(self) -> Path:
        """A folder DuckDB may use when memory is short."""
        return self.area.path("source", "spill")

    @property
    def records(self) -> Path:
        """The records, typed: a Parquet file."""
        return self.area.path("source", "records.parquet")

    def keep_profile(self, profile: Profile) -> None:
        """Keep what each column holds."""
        self.area.write_json("profile.json", profile.model_dump(mode="json"))

    def profile(self) -> Profile:
        """What each column holds."""
        return Profile.model_validate(self.area.read_json("profile.json"))

    def keep_personal(self, personal: PersonalColumns) -> None:
        """Keep which columns look personal."""
        self.area.write_json("personal.json", personal)

    def personal(self) -> PersonalColumns:
        """Which columns look personal."""
        kept = self.area.read_json("personal.json")
        return PersonalColumns(individuals=kept["individuals"], aggregate=kept["aggregate"])

    def keep_design(self, design: Design) -> None:
        """Keep the tables proposed."""
        self.area.write_json("design.json", design.model_dump(mode="json"))

    def design(self) -> Design:
        """The tables proposed."""
        return Design.model_validate(self.area.read_json("design.json"))

    def draft(self, *parts: str) -> Path:
        """A file of the drafted dataset."""
        return self.area.path("draft", self.dataset, *parts)

    def declared(self) -> Dataset:
        """The drafted declaration. Raises DeclarationError where it is not a sound one."""
        return load_file(self.draft("dataset.yaml"), dataset=self.dataset)

    def keep_trials(self, trials: Sequence[Trial], refused_columns: Sequence[str]) -> None:
        """Keep how each table would come out, and what the identifier scan would refuse."""
        self.area.write_json("trials.json", _TRIALS.dump_python(tuple(trials), mode="json"))
        self.area.write_json("refused_columns.json", list(refused_columns))

    def trials(self) -> tuple[Trial, ...]:
        """How each table would come out."""
        return _TRIALS.validate_python(self.area.read_json("trials.json"))

    def refused_columns(self) -> tuple[str, ...]:
        """What the identifier scan would refuse, as sentences."""
        return tuple(self.area.read_json("refused_columns.json"))

    def keep_advised(self, trials: Sequence[Trial]) -> None:
        """Keep the trials with coarser designs beside them."""
        self.area.write_json("advised.json", _TRIALS.dump_python(tuple(trials), mode="json"))

    def advised(self) -> tuple[Trial, ...]:
        """The trials with coarser designs beside them."""
        return _TRIALS.validate_python(self.area.read_json("advised.json"))
