"""From records to data tables with their true figures."""

from include.opendata.tabulate.column_atoms import ColumnAtoms, atoms
from include.opendata.tabulate.table import tabulate
from include.opendata.tabulate.totals import control_totals

__all__ = ["ColumnAtoms", "atoms", "control_totals", "tabulate"]
