"""Merges records into tables for tests, and counts the same records together to compare with."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd

from include.opendata.tables import tabulate
from include.opendata.tables.column_atoms import atoms_of, ways_found
from include.opendata.tables.increments.base_figures import BaseFigures, BaseTable, merging_tables, shape_of
from include.opendata.tables.increments.merged_ways import extract_ways, first_period, merge_ways, recent_records
from include.opendata.tables.increments.merging import merge
from include.opendata.tables.table import assemble, count_records
from tests.lib.small_tables import warehouse_of


def stood(declared, frame):
    """The tables of ``declared`` as they stand after a release made of these records."""
    with tempfile.TemporaryDirectory() as folder, warehouse_of(frame, Path(folder)) as warehouse:
        ways = ways_found(declared, warehouse)
        tables = {one.table: BaseTable.of(count_records(declared, one, warehouse)) for one in merging_tables(declared)}
    standing = BaseFigures(shape_of(declared), "0" * 64, tables, ways)
    return BaseFigures.from_files(standing.to_files(), dataset="demo")


def merged(declared, standing, frame, name="one_table"):
    """(the table after the extract ``frame``, what was moved)."""
    one = declared.table(name)
    with tempfile.TemporaryDirectory() as folder, warehouse_of(frame, Path(folder)) as warehouse:
        before = first_period(one, [standing.ways, ways_found(declared, warehouse)], declared)
        recent = recent_records(declared, one, warehouse, before)
        ways = extract_ways(declared, warehouse, recent)
        if not one.refresh.merges:
            other = merging_tables(declared)[0]
            extract = count_records(declared, other, recent)
            together = merge_ways(declared, other, standing, extract, ways, before=before)
            return assemble(declared, one, count_records(declared, one, warehouse), atoms_of(declared, together)), None
        extract = count_records(declared, one, recent)
        counted, moved = merge(declared, one, standing.tables[name], extract, before=before)
        together = merge_ways(declared, one, standing, extract, ways, before=before)
    return assemble(declared, one, counted, atoms_of(declared, together)), moved


def counted_together(declared, frame, name="one_table"):
    with tempfile.TemporaryDirectory() as folder, warehouse_of(frame, Path(folder)) as warehouse:
        # the records of what is merged are no longer there, so that no tie between columns is found in them
        return tabulate(declared, name, warehouse, atoms=atoms_of(declared, ways_found(declared, warehouse)))


def same(one, other):
    pd.testing.assert_frame_equal(one.frame, other.frame)
    assert one.structure == other.structure
