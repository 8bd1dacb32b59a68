"""The declaration's JSON Schema, committed beside the datasets so that editors complete and check a declaration.

``python -m include.opendata.declaration.json_schema`` writes it again; a test keeps it current.
"""

from __future__ import annotations

import json
from typing import Any

from include.opendata import places
from include.opendata.declaration.dataset import Dataset

SCHEMA_FILE = places.ROOT / "include" / "datasets" / "dataset.schema.json"


def schema_text() -> str:
    """The schema as the committed file has it."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Dataset.model_json_schema(by_alias=True)}
    schema = _as_people_write(schema)
    scores_as = schema["$defs"]["ScoresAs"]
    schema["$defs"]["ScoresAs"] = {"anyOf": [scores_as["properties"]["variable"], scores_as]}
    refresh = schema["$defs"]["Refresh"]
    schema["$defs"]["Refresh"] = {"anyOf": [refresh["properties"]["mechanism"], refresh]}
    by = schema["$defs"]["Tolerance"]["properties"]
    by["by"] = {**by["by"], "type": ["string", "array"]}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _as_people_write(node: Any) -> Any:
    """The schema with ``yes`` and ``no`` as answers: the model reads them so, and YAML leaves them as text."""
    if isinstance(node, list):
        return [_as_people_write(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") == "boolean":
        rest = {key: value for key, value in node.items() if key != "type"}
        return {"enum": [True, False, "yes", "no"], **rest}
    return {key: _as_people_write(value) for key, value in node.items()}


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
