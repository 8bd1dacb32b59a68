"""A form with files as it travels: read from the disk while it is sent, so that memory does not grow with the files.

Can be rewound, because a request that failed is sent again. Rule: RFC 7578 (multipart/form-data).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from include.opendata.storage.digests import sha256_of

_END = b"\r\n"


@dataclass(frozen=True)
class FileToSend:
    """A file on this machine, and the name and media type the portal is told."""

    path: Path
    name: str
    media_type: str


class MultipartBody:
    """The body of one request: ``fields`` (name and text in UTF-8), then ``files``. A context: it closes its files."""

    def __init__(self, fields: Mapping[bytes, bytes], files: Mapping[str, FileToSend]):
        boundary = sha256_of(repr((sorted(fields), sorted(files))).encode())
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._opened: list[BinaryIO] = []
        self._parts: list[tuple[int, BinaryIO]] = []
        for name, value in fields.items():
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name.decode()}"\r\n\r\n'
            self._add(head.encode() + value + _END)
        for field, file in files.items():
            head = (
                f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{file.name}"\r\n'
                f"Content-Type: {file.media_type}\r\n\r\n"
            )
            self._add(head.encode())
            stream = file.path.open("rb")
            self._opened.append(stream)
            self._parts.append((file.path.stat().st_size, stream))
            self._add(_END)
        self._add(f"--{boundary}--\r\n".encode())
        self._length = sum(size for size, _ in self._parts)
        self._at = 0

    def __enter__(self) -> MultipartBody:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._opened:
            stream.close()

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> MultipartBody:
        return self

    def __next__(self) -> bytes:
        piece = self.read(1 << 16)
        if not piece:
            raise StopIteration
        return piece

    def tell(self) -> int:
        """The place of the next byte, counted from the start."""
        return self._at

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        """Only to a place counted from the start or the end, which is what sending again needs."""
        self._at = position if whence == io.SEEK_SET else self._length + position
        return self._at

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most ``size``; fewer only at the end."""
        wanted = self._length - self._at if size < 0 else size
        pieces: list[bytes] = []
        start = 0
        for length, stream in self._parts:
            offset = self._at - start
            if wanted and 0 <= offset < length:
                stream.seek(offset)
                piece = stream.read(min(wanted, length - offset))
                pieces.append(piece)
                self._at += len(piece)
                wanted -= len(piece)
            start += length
        return b"".join(pieces)

    def _add(self, content: bytes) -> None:
        self._parts.append((len(content), io.BytesIO(content)))
