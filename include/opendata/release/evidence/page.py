"""The evidence page: what was decided about a release and why, for a data coordinator who reviews it in staging.

Decides what the page says and in which order; the template decides how it looks. It reads the gate's assessment, the
reports of the quality suites and what protection did, and shows published values only: no value of a record, no hidden
count, no time and no run (those are in the manifest). The page is one file: no script, font or image from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from include.opendata.errors import Place
from include.opendata.release.evidence.charts import charts
from include.opendata.release.evidence.diff_page import changes_view
from include.opendata.release.formats.csv_files import number_text
from include.opendata.release.formats.registry import published_files
from include.opendata.release.inputs import ReleaseInputs
from include.opendata.release.metadata.dictionary import mark_of, meanings_in
from include.opendata.rules.release import high_risk_populations, permission_rules, thresholds
from include.opendata.rules.scoring import scoring_criteria
from include.opendata.vocabulary import ANNOTATION_SUFFIX, ProtectedTable, TableAttribute, TableMeasure

TEMPLATES = Path(__file__).resolve().parent / "templates"
PREVIEW_ROWS = 12

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
        small_below=inputs.dataset.small_below,
        changes=changes_view(inputs),
    )


@lru_cache(maxsize=1)
def _template() -> Any:
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


def _table(inputs: ReleaseInputs, number: int, protected: ProtectedTable) -> dict[str, Any]:
    name = protected.structure.table
    declared = inputs.dataset.table(name)
    assessment = inputs.assessments[name]
    done = inputs.protection[name]
    refused = [finding for finding in assessment["reasons"] if finding["severity"] == "refuse"]
    drawn = [
        {"caption": chart.caption, "svg": Markup(chart.svg)}  # noqa: S704 - made here, escaped by the chart's own writer
        for chart in charts(declared, protected, prefix=f"t{number}")
    ]
    return {
        "anchor": f"table-{number}",
        "name": name,
        "title": declared.title,
        "description": declared.description,
        "rows": len(protected.frame),
        "open": bool(refused),
        "conclusion": assessment["conclusion"],
        "steps": assessment["path"],
        "scores": [_score(score) for score in (assessment["score"], *assessment["independent_scores"]) if score],
        "condition": assessment["condition"],
        "high_risk": [high_risk_populations().populations[slug] for slug in assessment["high_risk"]],
        "high_risk_section": high_risk_populations().section,
        "reasons": assessment["reasons"],
        "protected": protected,
        "shown": protected.cells - protected.small - protected.complementary - protected.unstable,
        "seed": done.get("seed"),
        "mode": protected.annotation,
        "verdicts": [
            {"label": label, "count": done["attack"][verdict]}
            for verdict, label in _VERDICTS.items()
            if verdict in done.get("attack", {})
        ],
        "advice": inputs.advice.get(name),
        "charts": drawn,
        "quality": _quality(inputs.quality["publishable"][name]),
        "preview": _preview(inputs, protected),
        "files": published_files(declared),
    }


def _score(score: Mapping[str, Any]) -> dict[str, Any]:
    known = {row.variable: row for row in scoring_criteria().rows}
    lines = []
    for component in score["components"]:
        row = known.get(component["variable"])
        label = row.label if row is not None else component["variable"].replace("_", " ").capitalize()
        lines.append({**component, "label": label})
    return {"total": score["total"], "lines": lines, "high": score["total"] >= thresholds().score.mask_from}


def _permissions(inputs: ReleaseInputs) -> list[dict[str, Any]]:
    """The permission decision, told once for all tables it is the same for, with the approvals it needs."""
    groups: list[dict[str, Any]] = []
    for protected in inputs.protected:
        name = protected.structure.table
        decision = inputs.assessments[name]["permission"]
        missing = tuple(inputs.assessments[name]["missing_approvals"])
        title = inputs.dataset.table(name).title
        for group in groups:
            if group["decision"] == decision and group["missing"] == missing:
                group["tables"].append(title)
                break
        else:
            groups.append(
                {
                    "decision": decision,
                    "missing": missing,
                    "tables": [title],
                    "approvals": _approvals(inputs, decision, missing),
                }
            )
    return groups


def _approvals(inputs: ReleaseInputs, decision: Mapping[str, Any], missing: tuple[str, ...]) -> list[dict[str, Any]]:
    names = permission_rules().roles
    lines: list[dict[str, Any]] = []
    for role in decision["required_roles"]:
        given = [a for a in inputs.dataset.approvals if a.role == role] if role not in missing else []
        lines += [
            {"role": names[role], "name": a.name, "date": a.date.isoformat(), "reference": a.reference} for a in given
        ] or [{"role": names[role], "name": None, "date": None, "reference": None}]
    return lines


def refuses(expectation: Mapping[str, Any]) -> bool:
    """Whether an expectation's outcome stops a release: a critical one that was not met, or one nobody could decide.

    ``severity`` is ``critical`` unless it says otherwise, ``decided`` true unless it says otherwise.
    """
    if not expectation.get("decided", True):
        return True
    return not expectation["success"] and expectation.get("severity", "critical") == "critical"


def _quality(report: Mapping[str, Any]) -> dict[str, Any]:
    expectations = [
        {
            "sentence": e["sentence"],
            "columns": ", ".join(e["columns"]),
            "result": "met" if e["success"] else "refused" if refuses(e) else "noted",
        }
        for e in report["expectations"]
    ]
    return {
        "suite": report["suite"],
        "declared": report["declared"],
        "evaluated": report["evaluated"],
        "met": sum(e["result"] == "met" for e in expectations),
        "expectations": expectations,
    }


def _preview(inputs: ReleaseInputs, protected: ProtectedTable) -> dict[str, Any]:
    """The first rows as people read them: marks in place of blanks, explained below the table."""
    structure = protected.structure
    declared = inputs.dataset.table(structure.table)
    head = protected.frame.head(PREVIEW_ROWS)
    meanings = meanings_in(protected)
    columns: list[dict[str, Any]] = []
    for dimension in structure.dimensions:
        label = declared.dimension(dimension.name).label
        columns.append({"name": dimension.name, "label": label, "number": False})
        if dimension.code_column:
            columns.append({"name": dimension.code_column, "label": f"{label}: code", "number": False})
        columns += [
            {"name": one.name, "label": declared.attribute(one.name).label, "number": one.kind != "text"}
            for one in dimension.attributes
        ]
    columns += [{"name": m.name, "label": declared.measure(m.name).label, "number": True} for m in structure.measures]
    numbers: dict[str, TableMeasure | TableAttribute] = {measure.name: measure for measure in structure.measures}
    numbers |= {one.name: one for one in structure.attributes}
    attributes = {one.name for one in structure.attributes}
    used: dict[str, str] = {}
    rows: list[list[dict[str, Any]]] = []
    for position in range(len(head)):
        cells: list[dict[str, Any]] = []
        for column in columns:
            value = head[column["name"]].iloc[position]
            missing = bool(head[column["name"]].isna().iloc[position])
            if not column["number"]:
                cells.append({"text": "" if missing else str(value), "mark": False})
                continue
            if not missing:
                plain = number_text(value, numbers[column["name"]], Place(inputs.dataset.dataset, structure.table))
                cells.append({"text": plain if column["name"] in attributes else _grouped(plain), "mark": False})
                continue
            annotation = f"{column['name']}{ANNOTATION_SUFFIX}"
            code = head[annotation].iloc[position] if annotation in head.columns else ""
            mark = mark_of(str(code) if isinstance(code, str) else "")
            if mark:
                used[mark] = meanings.get(str(code), "")
            cells.append({"text": mark, "mark": True})
        rows.append(cells)
    return {
        "columns": columns,
        "rows": rows,
        "footnotes": sorted(used.items()),
        "more": len(protected.frame) - len(rows),
    }


def _grouped(plain: str) -> str:
    whole, dot, decimals = plain.partition(".")
    return f"{int(whole):,}{dot}{decimals}" if whole.lstrip("-").isdigit() and int(whole) else plain
