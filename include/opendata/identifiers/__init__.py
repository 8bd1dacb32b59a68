"""Looks for what identifies persons in a source's columns and in every table about to be published.

Decides whether a column that is public, or would become so, looks personal: by its name and by the values of all its rows
(``columns`` asks the database, ``exposure`` says what would become public, ``scan`` puts both together). Where a column
already declared a direct identifier is concerned, it only sees to it that nothing of it is published. It does not decide
how risky an indirect identifier is: that is the publication score's matter. The kinds, names, shapes and alarms are data in
``rules/identifiers.yaml``; they are the 18 identifiers of HIPAA Safe Harbor, as DDG 2.0 §4 applies it.

Every check is an expression of SQLAlchemy Core, check digits included, so that only counts ever leave the database. That
is why no library for standard numbers is used here: python-stdnum and phonenumbers are good and light, but each looks at
one Python string at a time, so all values in question would have to be fetched first; neither knows vehicle, provider,
Medicare or Medi-Cal numbers, which are most of what matters here.
"""

from include.opendata.identifiers.columns import Column
from include.opendata.identifiers.findings import IdentifierFinding, IdentifierScan, require_not_personal
from include.opendata.identifiers.records_of_persons import require_one_record_each
from include.opendata.identifiers.scan import scan_columns, scan_output, scan_source

__all__ = [
    "Column",
    "IdentifierFinding",
    "IdentifierScan",
    "require_not_personal",
    "require_one_record_each",
    "scan_columns",
    "scan_output",
    "scan_source",
]
