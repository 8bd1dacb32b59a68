"""The structure of a table as JSON and back: one form for the work area, the evidence store and the published history."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from include.opendata.vocabulary import Structure

_CODEC: TypeAdapter[Structure] = TypeAdapter(Structure)


def structure_to_json(structure: Structure) -> dict[str, object]:
    """The structure as plain values for ``json.dumps``."""
    return asdict(structure)


def structure_from_json(data: Any) -> Structure:
    """The inverse of :func:`structure_to_json`. Raises pydantic's ValidationError, a ValueError, for anything else."""
    return _CODEC.validate_python(data)
