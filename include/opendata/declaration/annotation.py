"""How a dataset's tables say why a figure is blank: one way for all of them."""

from __future__ import annotations

from include.opendata.declaration.dataset import Dataset
from include.opendata.errors import DeclarationError, Place
from include.opendata.vocabulary import Annotation


def declared_annotation(declared: Dataset) -> Annotation:
    """The annotation all tables declare. Raises DeclarationError when they differ: the tables share cells."""
    modes = {table.annotation for table in declared.tables}
    if len(modes) > 1:
        raise DeclarationError(
            "the tables of a dataset share cells, so they must declare the same `annotation`",
            remedy="Declare `annotation: combined` (or `separate`) for all tables.",
            slug="annotation-differs",
            place=Place(dataset=declared.dataset),
        )
    return modes.pop()
