"""What was done to protect people, in words for the public: the metadata's de-identification method.

Written from what the pipeline did, never from what it meant to do. It is public, so it leaves out what would help to
undo the protection: the seed, the score's smallest count, and in a table with one code for every suppressed value how
many of them are small. Rules: Handbook, Guidelines §3–4; DDG 2.0 §4.3, §4.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from include.opendata.declaration.dataset import Dataset
from include.opendata.release.metadata.dictionary import meanings_in, small_cell_note
from include.opendata.rules.release import high_risk_populations, thresholds
from include.opendata.vocabulary import ProtectedTable

_IS = {False: "is", True: "are each"}


def suppressed_cells(protected: ProtectedTable) -> int:
    """Cells of protected counts that are blank because someone could be found: what any reader can count."""
    return protected.small + protected.complementary


def deidentification_method(
    dataset: Dataset, protected: tuple[ProtectedTable, ...], assessments: Mapping[str, Mapping[str, Any]]
) -> str:
    """The method, in Markdown: a paragraph of how, then a list item per table."""
    lines = [
        "Each table was assessed with the steps and the Publication Scoring Criteria of the CalHHS Data De-Identification "
        "Guidelines (edition 2.0, §4) before its release. Where the assessment asked for it, small counts were suppressed, "
        "further cells were suppressed so that they cannot be worked out from totals, from other cells or from the other "
        "tables of this dataset, and everything derived from a suppressed count was suppressed with it. The result was "
        "then tested by trying to work the suppressed counts out from what is published.",
        "",
    ]
    for table in protected:
        lines.append(
            f"- **{dataset.table(table.structure.table).title}**: {_what_was_done(dataset, table, assessments)}"
        )
    return "\n".join(lines) + "\n"


def _what_was_done(dataset: Dataset, protected: ProtectedTable, assessments: Mapping[str, Mapping[str, Any]]) -> str:
    name = protected.structure.table
    sentences = [*_score_sentences(score_of(assessments.get(name, {}))), *_high_risk_sentences(dataset, name)]
    counts = any(measure.role == "count" for measure in protected.structure.measures)
    if not counts and not protected.structure.percentages_only:
        sentences.append("It counts no persons and no events of persons, so there was no count to suppress.")
        return " ".join(sentences)
    sentences.append(small_cell_note(protected, dataset.small_cell_rule))
    if protected.masked and not protected.structure.percentages_only:
        sentences += _suppression_sentences(protected)
    if protected.unstable:
        fewest = thresholds().survey.sample_cases_below
        sentences.append(
            f"{protected.unstable:,} estimates from fewer than {fewest} sample cases are blank (annotation 4)."
        )
    text = " ".join(sentences)
    return text[0].upper() + text[1:]


def _score_sentences(score: int | None) -> Iterator[str]:
    limits = thresholds().score
    if score is None:
        return
    if score >= limits.mask_from:
        yield f"publication score {score} ({limits.mask_from} or more asks for masking)."
    else:
        yield f"publication score {score} ({limits.publish_up_to} or less needs no masking by itself)."


def _high_risk_sentences(dataset: Dataset, table: str) -> Iterator[str]:
    populations = [high_risk_populations().populations[slug] for slug in dataset.table(table).high_risk_populations]
    if populations:
        yield f"It counts {' and '.join(populations)}, so its small counts are suppressed whatever the score (§5.6.2)."


def _suppression_sentences(protected: ProtectedTable) -> Iterator[str]:
    """What is blank, and by which code a reader knows it; never how many of them are small where one code hides that."""
    yield f"{suppressed_cells(protected):,} of {protected.cells:,} counts are suppressed."
    meanings = meanings_in(protected)
    yield "Annotation " + "; ".join(f"{code}: {meanings[code]}" for code in ("1", "2") if code in meanings) + "."
    derived = [m.name for m in protected.structure.measures if m.role not in ("count", "population")]
    if derived:
        yield f"{' and '.join(derived)} {_IS[len(derived) > 1]} blank wherever a count behind it is."


def score_of(assessment: Mapping[str, Any]) -> int | None:
    """The publication score in an assessment; None where the assessment ended before one was needed."""
    score = assessment.get("score")
    if isinstance(score, Mapping):
        score = score.get("total")
    return int(score) if score is not None else None
