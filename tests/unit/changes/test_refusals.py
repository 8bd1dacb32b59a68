"""A published file that is not as its release says is no basis for a comparison."""

from __future__ import annotations

import pytest

from include.opendata.changes import Side
from include.opendata.changes.report import read_differences
from include.opendata.errors import StorageError

PACKAGE = {
    "resources": [
        {
            "name": "t",
            "schema": {
                "fields": [{"name": "County", "type": "string"}, {"name": "Persons", "type": "integer"}],
                "primaryKey": ["County"],
            },
        }
    ]
}


def slug_of(table: str, content: bytes) -> str:
    with pytest.raises(StorageError) as refused:
        Side.from_package(table, content, PACKAGE)
    return refused.value.slug


def test_a_published_file_as_described_is_read():
    assert len(Side.from_package("t", b"County,Persons\nA,12\n", PACKAGE)) == 1


@pytest.mark.parametrize("content", [b"County\nA\n", b"Persons,County\n12,A\n", b"County,Persons,More\nA,12,3\n"])
def test_a_published_file_with_other_columns_is_refused(content):
    assert slug_of("t", content) == "published-file-differs"


def test_a_table_its_release_does_not_describe_is_refused():
    assert slug_of("other", b"County,Persons\nA,12\n") == "published-file-differs"


@pytest.mark.parametrize("content", [b"", b"{}", b'{"dataset": 3}', b"no JSON"])
def test_a_list_of_differences_that_is_none_is_refused(content):
    with pytest.raises(StorageError) as refused:
        read_differences(content)
    assert refused.value.slug == "diff-unreadable"
