"""Any table in long form, as anyone publishes it: a row per combination of categories, totals as rows.

``audit`` attacks published files as a stranger reads them, through the same view and attack as a release; which rows are sums
of others is ``sums``, the cells and equations ``equations``, what stands beside the counts ``ratios``. ``protection`` hides the
small counts of a table with true counts, with the engines of a refresh. A combination of categories that has no row counts as
zero unless the caller says it is unknown; a total that has no row is not published.
"""

from include.opendata.disclosure.long_tables.audit import Audit, audit_records
from include.opendata.disclosure.long_tables.protection import ProtectRequest, protect_file
from include.opendata.disclosure.long_tables.reading import parse_long_table, read_long_table
from include.opendata.disclosure.long_tables.records import Records, records_of_lines, records_of_rows, records_of_text
from include.opendata.disclosure.long_tables.request import AuditRequest, Totals
from include.opendata.disclosure.long_tables.table import LongTable

__all__ = [
    "Audit",
    "AuditRequest",
    "LongTable",
    "ProtectRequest",
    "Records",
    "Totals",
    "audit_records",
    "parse_long_table",
    "protect_file",
    "read_long_table",
    "records_of_lines",
    "records_of_rows",
    "records_of_text",
]
