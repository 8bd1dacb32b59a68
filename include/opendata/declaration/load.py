"""Reads a declaration in full and says everything that is wrong with it, field by field, with the line.

All problems of a file are reported at once, in the words of ``declaration.problems``. What the declaration refers to outside
itself (the suite, the references) is checked by the rooms that own those things.
"""

from __future__ import annotations

import difflib
from pathlib import Path

from pydantic import ValidationError

from include.opendata import places, yaml_reader
from include.opendata.declaration.consistency import inconsistencies
from include.opendata.declaration.dataset import Dataset
from include.opendata.declaration.light import declared_ids, is_there
from include.opendata.declaration.problems import DeclarationProblem, from_inconsistency, from_validation
from include.opendata.errors import DeclarationError, Place


def load(dataset: str) -> Dataset:
    """The declaration of ``dataset``. Raises DeclarationError, listing every problem, when it cannot be used."""
    path = places.declaration(dataset)
    if not is_there(path):
        known = declared_ids()
        near = difflib.get_close_matches(dataset, known, n=1)
        raise DeclarationError(
            f"there is no dataset called {dataset!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
            remedy=f"Declared datasets: {', '.join(known) or 'none'}. A new one is a new folder with a dataset.yaml.",
            slug="dataset-unknown",
        )
    return load_file(path, dataset=dataset)


def load_file(path: Path, *, dataset: str | None = None) -> Dataset:
    """The declaration in ``path``; ``dataset`` is the folder's name, which the declaration must repeat.

    Raises DeclarationError: ``declaration-invalid`` with every problem, or why the file cannot be read.
    """
    data, positions = yaml_reader.read(path, dataset=dataset)
    file = yaml_reader.shown(path)
    try:
        declared = Dataset.model_validate(data)
    except ValidationError as error:
        raise _invalid(from_validation(error, data, positions, file), dataset, file) from None
    problems = [from_inconsistency(found, positions, file) for found in inconsistencies(declared)]
    if dataset is not None and declared.dataset != dataset:
        line = positions.line(("dataset",))
        problems.append(DeclarationProblem(file, line, "dataset", "it must be the name of its folder", dataset))
    if problems:
        raise _invalid(problems, dataset, file)
    return declared


def _invalid(problems: list[DeclarationProblem], dataset: str | None, file: str) -> DeclarationError:
    in_order = sorted(problems, key=lambda problem: (problem.line, problem.field))
    single = len(in_order) == 1
    return DeclarationError(
        f"the declaration has {'1 problem' if single else f'{len(in_order)} problems'}",
        remedy=f"Fix {'it' if single else 'them'} and run `bin/opendata check {dataset or ''}`.",
        slug="declaration-invalid",
        place=Place(dataset=dataset, file=file, line=in_order[0].line),
        details=tuple(str(problem) for problem in in_order),
    )
