"""Any table in long form, as anyone publishes it: a row per combination of categories, totals as rows.

``reading`` makes a :class:`LongTable` of a CSV file, ``audit`` attacks a published one as a stranger reads it, through the
same view and attack as a release, and ``protection`` hides the small counts of one with true counts, with the engines of a
refresh. A combination of categories that has no row counts as zero unless the caller says it is unknown; a total that has
no row is not published.
"""

from include.opendata.disclosure.long_tables.audit import Audit, AuditRequest, audit_file, audit_table
from include.opendata.disclosure.long_tables.protection import ProtectRequest, protect_file
from include.opendata.disclosure.long_tables.reading import parse_long_table, read_long_table
from include.opendata.disclosure.long_tables.table import LongTable

__all__ = [
    "Audit",
    "AuditRequest",
    "LongTable",
    "ProtectRequest",
    "audit_file",
    "audit_table",
    "parse_long_table",
    "protect_file",
    "read_long_table",
]
