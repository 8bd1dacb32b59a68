"""A form with files, sent from the disk: what a server understands, again after a rewind, in little memory."""

from __future__ import annotations

import email
import tracemalloc

import pytest

from include.opendata.portals.ckan.upload import FileToSend, MultipartBody

FIELDS = {b"match": '{"id": "ü"}'.encode(), b"update": b"{}"}


@pytest.fixture
def files(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"x,y\r\n1,2\r\n")
    (tmp_path / "b.json").write_bytes(b"")
    return {
        "one__upload": FileToSend(tmp_path / "a.csv", "a.csv", "text/csv"),
        "two__upload": FileToSend(tmp_path / "b.json", "b.json", "application/json"),
    }


def parsed(body):
    message = email.message_from_bytes(f"Content-Type: {body.content_type}\n\n".encode() + body.read())
    return {
        part.get_param("name", header="content-disposition"): (part.get_filename(), part.get_payload(decode=True))
        for part in message.get_payload()
    }


def test_a_server_finds_every_field_and_file(files):
    with MultipartBody(FIELDS, files) as body:
        assert parsed(body) == {
            "match": (None, '{"id": "ü"}'.encode()),
            "update": (None, b"{}"),
            "one__upload": ("a.csv", b"x,y\r\n1,2\r\n"),
            "two__upload": ("b.json", b""),
        }


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_it_has_the_length_it_says_in_pieces_of_any_size_and_again_after_a_rewind(files, size):
    with MultipartBody(FIELDS, files) as body:
        whole = body.read()
        assert len(whole) == len(body) == body.tell()
        assert body.read(10) == b""
        for start in (0, 5, len(whole) - 3):
            body.seek(start)
            pieces = []
            while piece := body.read(size):
                pieces.append(piece)
            assert b"".join(pieces) == whole[start:]


def test_memory_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as stream:
        stream.truncate(60_000_000)
    tracemalloc.start()
    with MultipartBody({}, {"f": FileToSend(path, "large.csv", "text/csv")}) as body:
        total = sum(len(piece) for piece in body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == len(body)
    assert peak < 1_000_000
