"""The JSON of the metadata files: documents whose keys are those of a published standard, written once and never read back."""

from __future__ import annotations

from pydantic import JsonValue

JsonObject = dict[str, JsonValue]
"""An object of a document, its members in the order they are written in."""
