"""The table as XML, and the schema (XSD 1.0) it is valid against.

``<table name="…"><row><County>Alameda</County>…</row>…</table>``: the elements of a row are the columns, in the file's
order; an empty cell of the CSV is an element with ``xsi:nil="true"``. Text that XML 1.0 cannot hold (control characters) is
refused, never changed.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from include.opendata.release.formats.release_format import ReleaseFormat, Schema
from include.opendata.release.formats.rows import PublishedColumn
from include.opendata.release.formats.tabular import TabularFile
from include.opendata.rules.formats import XML, XML_SCHEMA
from include.opendata.storage.published_csv import Value

XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPES = {"text": "xs:string", "integer": "xs:integer", "number": "xs:decimal"}
# Everything outside the characters of XML 1.0, section 2.2.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_AS_REFERENCES = {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}
"""A parser would make a line feed of a carriage return; as a reference it stays what it is."""


def write(path: Path, source: TabularFile) -> None:
    """Write the table to ``path``. Raises Refused (``text-not-xml``)."""
    name = source.table.table
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        stream.write(
            f'<table xmlns:xsi="{XSI}" xsi:noNamespaceSchemaLocation="../dictionary/{name}.xsd" name={quoteattr(name)}>\n'
        )
        for piece in source.rows():
            stream.writelines(_row(row, source) for row in piece)
        stream.write("</table>\n")


def _row(row: tuple[Value, ...], source: TabularFile) -> str:
    cells = [_cell(value, column, source) for value, column in zip(row, source.columns, strict=True)]
    return f"  <row>{''.join(cells)}</row>\n"


def _cell(value: Value, column: PublishedColumn, source: TabularFile) -> str:
    if value is None:
        return f'<{column.name} xsi:nil="true"/>'
    if isinstance(value, float):
        text = f"{value:.{column.decimals}f}"
    elif isinstance(value, int):
        text = str(value)
    else:
        if _NOT_XML.search(value):
            raise source.refused(
                "a text holds a control character, which XML cannot hold",
                slug="text-not-xml",
                remedy="Give the value a label in the declaration, or take xml out of the table's `formats`.",
                column=column.name,
            )
        text = escape(value, _AS_REFERENCES)
    return f"<{column.name}>{text}</{column.name}>"


def write_schema(path: Path, source: TabularFile) -> None:
    """Write the table's XML schema to ``path``: every column with its type, its label and its definition."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified">',
        '  <xs:element name="table">',
        "    <xs:complexType>",
        "      <xs:sequence>",
        '        <xs:element name="row" minOccurs="0" maxOccurs="unbounded">',
        "          <xs:complexType>",
        "            <xs:sequence>",
    ]
    for column, field in zip(source.columns, source.fields, strict=True):
        nillable = ' nillable="true"' if column.nullable else ""
        lines += [
            f'              <xs:element name="{column.name}" type="{_TYPES[column.kind]}"{nillable}>',
            "                <xs:annotation><xs:documentation>"
            + escape(" ".join(part for part in (f"{field.label}.", field.definition, field.notes) if part))
            + "</xs:documentation></xs:annotation>",
            "              </xs:element>",
        ]
    lines += [
        "            </xs:sequence>",
        "          </xs:complexType>",
        "        </xs:element>",
        "      </xs:sequence>",
        '      <xs:attribute name="name" type="xs:string" use="required"/>',
        "    </xs:complexType>",
        "  </xs:element>",
        "</xs:schema>",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


FORMAT = ReleaseFormat(XML, write, schema=Schema(XML_SCHEMA, write_schema))
