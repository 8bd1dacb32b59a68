"""The private work area: the only place where record-level data exist."""

from include.opendata.storage.run_area import RunArea, sweep
from include.opendata.storage.tables import read_table, write_table

__all__ = ["RunArea", "read_table", "sweep", "write_table"]
