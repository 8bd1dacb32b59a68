"""The declaration's JSON Schema, committed beside the datasets so that editors complete and check a declaration.

``python -m include.opendata.spec.json_schema`` writes it anew; a test keeps it current.
"""

from __future__ import annotations

import json

from include.opendata import places
from include.opendata.spec.dataset import Dataset

SCHEMA_FILE = places.ROOT / "include" / "datasets" / "dataset.schema.json"


def schema_text() -> str:
    """The schema as the committed file has it."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Dataset.model_json_schema(by_alias=True)}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
