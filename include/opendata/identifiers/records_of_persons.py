"""Whether records that are said to be of persons are one of each: what identifies a person is not in several of them.

Where records of persons repeat a direct identifier they are events, and a count of them may be of one person. The declaration
then answers: the records are events of the person that the column names, or no person has several. Rule: DDG 2.0 §4.4.1.
"""

from __future__ import annotations

import sqlalchemy as sa

from include.opendata.declaration.dataset import Dataset
from include.opendata.errors import Place, Refused
from include.opendata.warehouse import Warehouse


def require_one_record_each(dataset: Dataset, warehouse: Warehouse) -> None:
    """Raises Refused ``persons-repeat``, with columns and numbers of rows, where records of persons share an identifier and
    the declaration does not say how many a person may have."""
    source = dataset.source
    if source.record != "person" or source.records_per_person is not None:
        return
    details = []
    repeated = []
    for column in source.columns:
        if column.privacy == "direct_identifier" and (rows := _sharing(warehouse, dataset.dataset, column.name)):
            repeated.append(column.name)
            details.append(f"column {column.name}, a direct identifier: {rows:,} records share its value with another")
    if not repeated:
        return
    raise Refused(
        "each record is said to be a person, and several records share what identifies one",
        remedy="Where the records are events of a person, declare `record: event` and name the column in the counts, such as "
        f"`persons: {repeated[0]}`. Where different persons share the value, declare `records_per_person: one` under `source`.",
        slug="persons-repeat",
        place=Place(dataset=dataset.dataset, column=repeated[0] if len(repeated) == 1 else None),
        details=tuple(details),
    )


def _sharing(warehouse: Warehouse, dataset: str, name: str) -> int:
    """How many records have a value of the column that another record has, too."""
    records = sa.table(warehouse.table, sa.column(name), schema=warehouse.schema)
    value = records.c[name]
    groups = (
        sa.select(sa.func.count().label("records"))
        .select_from(records)
        .where(value.is_not(None))
        .group_by(value)
        .having(sa.func.count() > 1)
        .subquery()
    )
    rows = warehouse.rows(sa.select(sa.func.sum(groups.c.records)), dataset=dataset, table=None)
    return int(rows[0][0] or 0)
