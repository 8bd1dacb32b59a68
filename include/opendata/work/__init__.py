"""The private work area: the only place where record-level data exist."""

from include.opendata.work.area import RunArea, sweep
from include.opendata.work.tables import read_table, write_table

__all__ = ["RunArea", "read_table", "sweep", "write_table"]
