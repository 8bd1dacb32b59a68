"""What lies on disks, and how: the private work area, private stores, whole writes, digests, the clock, published CSV.

The work area is the only place where record-level data exist. This package loads nothing heavy, for DAG files read it:
``storage.tables`` and ``storage.published_csv`` need pandas and are imported by their own names.
"""

from include.opendata.storage.run_area import RunArea, sweep

__all__ = ["RunArea", "sweep"]
