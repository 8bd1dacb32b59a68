"""From records to data tables with their true figures."""

from include.opendata.tables.column_atoms import ColumnAtoms, atoms
from include.opendata.tables.stacked_rows import refuse_stacked_rows
from include.opendata.tables.table import tabulate
from include.opendata.tables.totals import control_totals

__all__ = ["ColumnAtoms", "atoms", "control_totals", "refuse_stacked_rows", "tabulate"]
