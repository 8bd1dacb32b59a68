"""The evidence page: what was decided about a release and why, for a data coordinator who reviews it in staging.

Decides what the page says and in which order; the template decides how it looks. It reads the gate's assessment, the
reports of the quality suites and what protection did, and shows published values only: no value of a record, no hidden
count, no time and no run (those are in the manifest). The page is one file: no script, font or image from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from include.opendata.release.evidence.chart_subject import DrawnChart
from include.opendata.release.evidence.charts import charts
from include.opendata.release.evidence.diff_page import changes_view
from include.opendata.release.evidence.preview import Preview, preview_of
from include.opendata.release.formats.registry import PublishedFile, published_files
from include.opendata.release.inputs import ReleaseInputs
from include.opendata.rules.release import high_risk_populations, permission_rules, thresholds
from include.opendata.rules.scoring import scoring_criteria
from include.opendata.vocabulary import Annotation, ProtectedTable

TEMPLATES = Path(__file__).resolve().parent / "templates"

_VERDICTS = {
    "safe_with_witness": (
        "Safe: two tables of whole numbers agree with everything published and lie well apart in this count"
    ),
    "safe_by_lp": "Safe: what is published leaves a wide enough range, by calculation",
    "recoverable": "Could be worked out",
    "undecided": "Not decided",
}
SAFE_VERDICTS = ("safe_with_witness", "safe_by_lp")
SIZES = ("cells", "blanks")
"""Figures of an attack that say how large it was; every other one counts something that must not be."""


def evidence_page(inputs: ReleaseInputs) -> str:
    """The page as HTML."""
    tables = [_table(inputs, number, protected) for number, protected in enumerate(inputs.protected, start=1)]
    return _template().render(
        dataset=inputs.dataset,
        tables=tables,
        permissions=_permissions(inputs),
        source_quality=_quality(inputs.quality["source"]),
        identifiers=inputs.identifiers,
        source=inputs.source,
        provenance=inputs.provenance,
        roles=permission_rules().roles,
        limits=thresholds(),
        small_cells=inputs.dataset.small_cell_rule,
        changes=changes_view(inputs),
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["share"] = _share
    return environment.get_template("evidence.html.j2")


def _share(part: int, whole: int) -> str:
    """A percentage with one decimal; “under 0.1 %” rather than a zero that is none."""
    if not whole:
        return "0 %"
    percent = 100 * part / whole
    return "under 0.1 %" if 0 < percent < 0.05 else f"{percent:.1f} %"


@dataclass(frozen=True)
class ScoreLine:
    """One variable of a publication score. ``section``: of the rule book."""

    label: str
    band: str
    score: int
    reason: str
    section: str


@dataclass(frozen=True)
class Score:
    """A publication score line by line. ``high``: it asks for masking."""

    total: int
    lines: tuple[ScoreLine, ...]
    high: bool


@dataclass(frozen=True)
class Verdict:
    """How many suppressed counts the attack found to be so."""

    label: str
    count: int


@dataclass(frozen=True)
class CheckedExpectation:
    """One expectation of a suite. ``result``: ``met``, ``noted`` (not met, and that is allowed) or ``refused``."""

    sentence: str
    columns: str
    result: str


@dataclass(frozen=True)
class SuiteReport:
    """What came of a quality suite: how many of its expectations were declared, evaluated and met."""

    suite: str
    declared: int
    evaluated: int
    met: int
    expectations: tuple[CheckedExpectation, ...]


@dataclass(frozen=True)
class TableView:
    """What the page shows of one table. ``open``: something still stands against publishing it · ``shown``: cells of
    protected counts that are shown · ``mode``: whether one annotation code stands for both kinds of suppressed counts."""

    anchor: str
    name: str
    title: str
    description: str
    rows: int
    open: bool
    conclusion: str
    steps: Sequence[Mapping[str, Any]]
    scores: tuple[Score, ...]
    condition: Mapping[str, Any]
    high_risk: tuple[str, ...]
    high_risk_section: str
    reasons: Sequence[Mapping[str, Any]]
    protected: ProtectedTable
    shown: int
    seed: int | None
    mode: Annotation
    verdicts: tuple[Verdict, ...]
    advice: Mapping[str, Any] | None
    charts: tuple[DrawnChart, ...]
    quality: SuiteReport
    preview: Preview
    files: tuple[PublishedFile, ...]


def _table(inputs: ReleaseInputs, number: int, protected: ProtectedTable) -> TableView:
    name = protected.structure.table
    declared = inputs.dataset.table(name)
    assessment = inputs.assessments[name]
    protection = inputs.protection[name]
    high_risk = high_risk_populations()
    return TableView(
        anchor=f"table-{number}",
        name=name,
        title=declared.title,
        description=declared.description,
        rows=len(protected.frame),
        open=any(finding["severity"] == "refuse" for finding in assessment["reasons"]),
        conclusion=assessment["conclusion"],
        steps=assessment["path"],
        scores=tuple(map(_score, filter(None, (assessment["score"], *assessment["independent_scores"])))),
        condition=assessment["condition"],
        high_risk=tuple(high_risk.populations[slug] for slug in assessment["high_risk"]),
        high_risk_section=high_risk.section,
        reasons=assessment["reasons"],
        protected=protected,
        shown=protected.cells - protected.small - protected.complementary - protected.unstable,
        seed=protection.get("seed"),
        mode=protected.annotation,
        verdicts=_verdicts(protection.get("attack", {})),
        advice=inputs.advice.get(name),
        charts=tuple(
            DrawnChart(chart.caption, Markup(chart.svg))  # noqa: S704 - made here, escaped by the chart's own writer
            for chart in charts(declared, protected, prefix=f"t{number}")
        ),
        quality=_quality(inputs.quality["publishable"][name]),
        preview=preview_of(inputs.dataset.dataset, declared, protected),
        files=published_files(declared),
    )


def _verdicts(attack: Mapping[str, int]) -> tuple[Verdict, ...]:
    return tuple(Verdict(label, attack[verdict]) for verdict, label in _VERDICTS.items() if verdict in attack)


def _score(score: Mapping[str, Any]) -> Score:
    labels = {row.variable: row.label for row in scoring_criteria().rows}
    lines = tuple(
        ScoreLine(
            label=labels.get(line["variable"], line["variable"].replace("_", " ").capitalize()),
            band=line["band"],
            score=line["score"],
            reason=line["reason"],
            section=line["section"],
        )
        for line in score["components"]
    )
    return Score(score["total"], lines, high=score["total"] >= thresholds().score.mask_from)


@dataclass(frozen=True)
class DeclaredApproval:
    """A role that must approve. Without a name no one has signed a form for it yet: it is asked before staging."""

    role: str
    name: str | None = None
    date: str | None = None
    reference: str | None = None


@dataclass
class Permission:
    """A permission decision and the titles of the tables it is the same for. ``missing``: roles still to be asked."""

    decision: Mapping[str, Any]
    missing: tuple[str, ...]
    approvals: tuple[DeclaredApproval, ...]
    tables: list[str] = field(default_factory=list)


def _permissions(inputs: ReleaseInputs) -> list[Permission]:
    """The permission decisions, each once for all tables it is the same for, with the approvals it needs."""
    permissions: list[Permission] = []
    for protected in inputs.protected:
        name = protected.structure.table
        decision = inputs.assessments[name]["permission"]
        missing = tuple(inputs.assessments[name]["missing_approvals"])
        same = next((p for p in permissions if p.decision == decision and p.missing == missing), None)
        if same is None:
            same = Permission(decision, missing, _approvals(inputs, decision, missing))
            permissions.append(same)
        same.tables.append(inputs.dataset.table(name).title)
    return permissions


def _approvals(
    inputs: ReleaseInputs, decision: Mapping[str, Any], missing: tuple[str, ...]
) -> tuple[DeclaredApproval, ...]:
    names = permission_rules().roles
    approvals: list[DeclaredApproval] = []
    for role in decision["required_roles"]:
        signed = [form for form in inputs.dataset.approvals if form.role == role and role not in missing]
        approvals += [
            DeclaredApproval(names[role], form.name, form.date.isoformat(), form.reference) for form in signed
        ] or [DeclaredApproval(names[role])]
    return tuple(approvals)


def refuses(expectation: Mapping[str, Any]) -> bool:
    """Whether an expectation's outcome stops a release: a critical one that was not met, or one no one could decide.

    ``severity`` is ``critical`` unless it says otherwise, ``decided`` true unless it says otherwise.
    """
    if not expectation.get("decided", True):
        return True
    return not expectation["success"] and expectation.get("severity", "critical") == "critical"


def _quality(report: Mapping[str, Any]) -> SuiteReport:
    expectations = tuple(
        CheckedExpectation(e["sentence"], ", ".join(e["columns"]), _result(e)) for e in report["expectations"]
    )
    return SuiteReport(
        suite=report["suite"],
        declared=report["declared"],
        evaluated=report["evaluated"],
        met=sum(expectation.result == "met" for expectation in expectations),
        expectations=expectations,
    )


def _result(expectation: Mapping[str, Any]) -> str:
    if expectation["success"]:
        return "met"
    return "refused" if refuses(expectation) else "noted"
