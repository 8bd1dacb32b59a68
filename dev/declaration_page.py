"""Writes docs/declaration.md from the declaration's model, so that the page cannot fall behind; a test keeps it current."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from include.opendata.declaration.dataset import Dataset

Part = Mapping[str, Any]
"""A part of the model's JSON schema, or one of its fields, as pydantic writes it."""

PAGE = Path(__file__).resolve().parents[1] / "docs" / "declaration.md"

HEAD = """\
# The declaration of a dataset

One file, `include/datasets/<id>/dataset.yaml`, says what a dataset is, where its source lies, who answers for it, and which
data tables are published from it. A data steward writes it; no Python is needed. The first line

    # yaml-language-server: $schema=../dataset.schema.json

makes editors complete and check it. `bin/opendata check ID` shows every problem at once, with its line;
`bin/opendata suites ID --write` drafts the quality suites it asks for; `bin/opendata preview ID` does everything but
staging.

Three things differ from what YAML usually does, to spare surprises: `yes` and `no` stay the text they are where a source
uses them as values (and are answers where an answer is asked for); a number with leading zeros, such as county `001`,
stays text; a field given twice is an error. Anchors and tags are not used.

This page is written from the model itself by `python -m dev.declaration_page`.

"""

ORDER = (
    ("Dataset", "The dataset"),
    ("Person", "A person or office"),
    ("Coverage", "Coverage"),
    ("Source", "The source"),
    ("SourceColumn", "A column of the source"),
    ("ValueRange", "A range of valid values"),
    ("ControlTotal", "A control total of the source"),
    ("UnrelatedColumns", "Columns that have nothing to do with one another"),
    ("Quality", "Quality"),
    ("PermissionAnswers", "The permission questions"),
    ("Approval", "An approval"),
    ("ApprovalDeadline", "How long a run waits for approvals"),
    ("Mitigation", "A mitigation an expert documents"),
    ("OtherDataset", "What is said of another dataset"),
    ("Table", "A data table"),
    ("Condition", "A condition of the filter"),
    ("Dimension", "A dimension"),
    ("Attribute", "An attribute of a dimension"),
    ("Points", "The points of a table of places"),
    ("Bin", "A bin"),
    ("ScoresAs", "What a dimension scores as"),
    ("CountMeasure", "Measure: `kind: count`"),
    ("CountDistinctMeasure", "Measure: `kind: count_distinct`"),
    ("SumMeasure", "Measure: `kind: sum`"),
    ("PopulationMeasure", "Measure: `kind: population`"),
    ("MeanMeasure", "Measure: `kind: mean`"),
    ("RateMeasure", "Measure: `kind: rate`"),
    ("PercentMeasure", "Measure: `kind: percent`"),
    ("ExpectedTotal", "A total the table must reproduce"),
    ("Refresh", "How a table is refreshed"),
    ("Removal", "A rule for rows that go"),
    ("Tolerance", "How far figures may move"),
)


def page() -> str:
    """The whole page. Every part of the model has its section: a part without one is a KeyError."""
    schema = Dataset.model_json_schema(by_alias=True)
    parts = {"Dataset": schema, **schema["$defs"]}
    missing = set(parts) - {name for name, _ in ORDER}
    if missing:
        raise KeyError(f"parts of the declaration without a section: {', '.join(sorted(missing))}")
    titles = dict(ORDER)
    return HEAD + "\n".join(_section(title, parts[name], titles) for name, title in ORDER)


def _section(title: str, part: Part, titles: dict[str, str]) -> str:
    about = " ".join(part.get("description", "").split())
    lines = [
        f"## {title}",
        "",
        *([about, ""] if about else []),
        "| field | needed | what it holds |",
        "| --- | --- | --- |",
    ]
    needed = set(part.get("required", ()))
    for name, field in part["properties"].items():
        said = " ".join(_found(field, "description").split())
        kind = _kind(field, titles)
        default = field.get("default")
        if name not in needed and default not in (None, [], "") and "const" not in field:
            shown = {True: "yes", False: "no"}.get(default, default) if isinstance(default, bool) else default
            said = f"{said} Default: `{shown}`.".strip()
        text = f"{kind}. {said}" if said else f"{kind}."
        lines.append(f"| `{name}` | {'yes' if name in needed else ''} | {text.replace('|', chr(92) + '|')} |")
    return "\n".join([*lines, ""])


def _found(field: Part, key: str) -> str:
    return str(field.get(key) or next((o[key] for o in field.get("anyOf", ()) if key in o), ""))


_PLAIN = {"boolean": "yes or no", "integer": "a whole number", "number": "a number", "string": "text"}


def _kind(field: Part, titles: dict[str, str]) -> str:
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[-1]
        return f"see [{titles[name]}](#{_anchor(titles[name])})"
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return "one of " + ", ".join(f"`{choice}`" for choice in field["enum"])
    if "oneOf" in field:
        return "one of the measures below"
    if "anyOf" in field:
        kinds = [_kind(option, titles) for option in field["anyOf"] if option.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    return _typed(field, titles)


def _typed(field: Part, titles: dict[str, str]) -> str:
    if field.get("type") == "array":
        return f"list: {_kind(field.get('items', {}), titles)}"
    if field.get("type") == "object":
        (of_each,) = field.get("patternProperties", {"": field.get("additionalProperties")}).values()
        return f"names, each with {_kind(of_each, titles)}"
    return "a date" if field.get("format") == "date" else _PLAIN[field["type"]]


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9_ -]", "", title.lower()).replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
