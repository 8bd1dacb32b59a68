"""What a reader must know beside the figures, in lines: who publishes them, what they cover, how small cells were treated.

Told once, for the sheets and files that people read. It is public: it says what the metadata say and nothing more.
"""

from __future__ import annotations

from include.opendata.declaration.dataset import Dataset
from include.opendata.release.metadata.dictionary import mark_of, meanings_in, small_cell_note
from include.opendata.rules.portal import portal_choices
from include.opendata.vocabulary import ProtectedTable


def table_notes(dataset: Dataset, protected: ProtectedTable, method: str) -> tuple[tuple[str, str], ...]:
    """(what it is about, text) for one table; ``method`` is the dataset's de-identification method."""
    table = dataset.table(protected.structure.table)
    notes = [
        ("Table", table.title),
        ("Description", table.description),
        ("Dataset", dataset.title),
        ("Published by", f"{dataset.department}, {dataset.program}"),
        ("Contact", f"{dataset.contact.name}, {dataset.contact.email}"),
        ("Covers", f"{dataset.coverage.geography}, {dataset.coverage.start} to {dataset.coverage.end}"),
        ("Refreshed", dataset.frequency),
        ("Limitations", dataset.limitations),
        ("Small cells", small_cell_note(protected, dataset.small_cell_rule)),
    ]
    notes += [
        (f"Mark {mark_of(code)}", f"annotation {code}: {meaning}") for code, meaning in meanings_in(protected).items()
    ]
    notes.append(("De-identification method", method.strip()))
    notes.append(("Governing statutes", "; ".join(dataset.statutes)))
    if dataset.citation:
        notes.append(("Citation", dataset.citation))
    notes.append(("License", portal_choices().data_license))
    if table.points is not None:
        notes.append(("Coordinates", "Degrees of latitude and longitude, WGS 84."))
    return tuple(notes)
