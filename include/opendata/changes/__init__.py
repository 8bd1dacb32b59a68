"""What changed between two releases, as the public can see it, and whether it moved further than it may."""

from include.opendata.changes.compare import compare_tables
from include.opendata.changes.files import change_header, change_rows
from include.opendata.changes.report import Differences, differences_bytes, read_differences
from include.opendata.changes.sides import Side, TableFacts
from include.opendata.changes.tolerances import check_tolerances

__all__ = [
    "Differences",
    "Side",
    "TableFacts",
    "change_header",
    "change_rows",
    "check_tolerances",
    "compare_tables",
    "differences_bytes",
    "read_differences",
]
