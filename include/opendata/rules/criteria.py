"""Reads one of this folder's YAML files into its model, once. A file that does not fit its model is a defect of the
project, so pydantic's own error is let through: no steward ever edits these files by way of a declaration."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from include.opendata import yaml_reader

FOLDER = Path(__file__).resolve().parent


class Criterion(BaseModel):
    """A part of the criteria: frozen, and nothing in the file goes unread."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=Criterion)


def read(name: str, model: type[Model]) -> Model:
    """The file ``name`` of this folder as a ``model``."""
    data, _positions = yaml_reader.read(FOLDER / name)
    return model.model_validate(data)
