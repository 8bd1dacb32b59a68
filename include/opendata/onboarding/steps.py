"""The one list of the steps of getting to know a new source: the command line, the DAG and the documentation read it.

Data only, light enough for a DAG file to be parsed with. What a step does stands in its module, which is imported when the
step is performed (``door``). Every step takes the run's reference, reads what earlier steps left in the run's folder of the
work area (``kept``), leaves its own result there whole or not at all, and returns a small note of counts and names; a step can
be killed and run again. Nothing is published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from include.opendata.pipeline.steps import Pool

if TYPE_CHECKING:
    from include.opendata.release.metadata.json_document import JsonObject

Note: TypeAlias = "JsonObject"
"""What a step reports of its result: counts, names, paths."""

Part = Literal["read_the_source", "draft", "try_it_out", "hand_over"]
"""The parts of the story, as the DAG groups them."""


@dataclass(frozen=True)
class OnboardingStep:
    """One step of getting to know a source.

    ``done``: what it did, for people; it follows "the step" · ``module``: where its story is · ``reads``, ``writes``: files of
    the run's work area and places outside it · ``pool``: as for a step of a refresh · ``retries``: how often Airflow tries
    it again, more than 0 only for a step that reaches other machines.
    """

    name: str
    done: str
    part: Part
    module: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    pool: Pool | None = None
    retries: int = 0


_ROOM = "include.opendata.onboarding."

ONBOARDING_STEPS: tuple[OnboardingStep, ...] = (
    OnboardingStep(
        name="take_copy",
        done="copied the source into the private work area",
        part="read_the_source",
        module=_ROOM + "take_copy",
        reads=("request.json", "the source"),
        writes=("reading.json", "source/"),
        retries=2,
    ),
    OnboardingStep(
        name="profile_columns",
        done="looked at every column",
        part="read_the_source",
        module=_ROOM + "profile_columns",
        reads=("request.json", "reading.json", "source/"),
        writes=("profile.json", "personal.json", "source/"),
        pool="heavy",
    ),
    OnboardingStep(
        name="propose_tables",
        done="proposed data tables",
        part="draft",
        module=_ROOM + "propose_tables",
        reads=("request.json", "reading.json", "profile.json", "personal.json", "source/"),
        writes=("design.json",),
    ),
    OnboardingStep(
        name="draft_declaration",
        done="drafted the declaration",
        part="draft",
        module=_ROOM + "draft_declaration",
        reads=("request.json", "reading.json", "profile.json", "design.json"),
        writes=("draft/",),
    ),
    OnboardingStep(
        name="draft_suites",
        done="drafted the quality suites",
        part="draft",
        module=_ROOM + "draft_suites",
        reads=("draft/",),
        writes=("draft/",),
    ),
    OnboardingStep(
        name="score_and_mask",
        done="tried the drafted tables: their score, and what must be hidden",
        part="try_it_out",
        module=_ROOM + "score_and_mask",
        reads=("draft/", "source/"),
        writes=("trials.json", "refused_columns.json"),
        pool="heavy",
    ),
    OnboardingStep(
        name="advise",
        done="tried coarser designs",
        part="try_it_out",
        module=_ROOM + "advise",
        reads=("draft/", "source/", "trials.json"),
        writes=("advised.json",),
        pool="heavy",
    ),
    OnboardingStep(
        name="write_bundle",
        done="wrote the bundle and its page, and deleted the records",
        part="hand_over",
        module=_ROOM + "write_bundle",
        reads=(
            "request.json",
            "reading.json",
            "profile.json",
            "design.json",
            "draft/",
            "advised.json",
            "refused_columns.json",
        ),
        writes=("the bundle",),
    ),
)
