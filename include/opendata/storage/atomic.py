"""Writes a file, or a folder, whole or not at all: beside its place first, then renamed. The only module that renames.

One rule about flushing to the disk: what can be made again from the source (the work area, a cache, a bundle of onboarding)
is left to the operating system; what outlives its run (portal staging, the private stores) is ``durable``: the file is
flushed before the rename and its folder after it, so that a power cut leaves the old contents or the new ones, never an
empty file under the new name.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

PARTIAL = ".partial"
"""How the name of a file ends while it is being written."""


@contextmanager
def replacing(
    path: Path, *, mode: int | None = None, durable: bool = False, concurrent: bool = False
) -> Iterator[Path]:
    """A path beside ``path`` to write to. It takes the place of ``path`` when the block ends, and is removed if it fails.

    ``mode``: the permissions of the file; else what the process's umask leaves · ``durable``: see the module ·
    ``concurrent``: several processes may write this file at once, so each writes to a name of its own. Otherwise the name is
    always the same one, and what a killed writer left behind is written over by the next.
    """
    writer = f".{uuid.uuid4().hex}" if concurrent else ""
    partial = path.with_name(f".{path.name}{writer}{PARTIAL}")
    try:
        partial.unlink(missing_ok=True)  # a killed writer may have left one that may not be written to any more
        yield partial
        if mode is not None:
            partial.chmod(mode)
        if durable:
            with partial.open("rb") as stream:
                os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    if durable:
        flush_folder(path.parent)


def write_bytes(
    path: Path, content: bytes, *, mode: int | None = None, durable: bool = False, concurrent: bool = False
) -> None:
    """Make ``content`` the contents of ``path``, whole or not at all. The options are those of :func:`replacing`."""
    with (
        replacing(path, mode=mode, durable=durable, concurrent=concurrent) as partial,
        new_file(partial, 0o666 if mode is None else mode) as stream,
    ):
        stream.write(content)


def write_text(
    path: Path, text: str, *, mode: int | None = None, durable: bool = False, concurrent: bool = False
) -> None:
    """Make ``text`` the contents of ``path``, in UTF-8, line ends as they are; the rest as :func:`write_bytes`."""
    write_bytes(path, text.encode(), mode=mode, durable=durable, concurrent=concurrent)


def move_file(source: Path, target: Path, *, mode: int | None = None) -> None:
    """Let a file that was written elsewhere on the same disk take the place of ``target``."""
    if mode is not None:
        source.chmod(mode)
    source.replace(target)


def new_file(path: Path, mode: int) -> IO[bytes]:
    """Open a file that must not exist yet, with these permissions (less the umask) from its first byte on."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")


def move_folder(source: Path, target: Path, *, durable: bool = False) -> None:
    """Rename a folder: whoever looks finds all of it or nothing. ``target`` does not exist, or is empty."""
    source.rename(target)
    if durable:
        flush_folder(target.parent)


def replace_folder(source: Path, target: Path, *, aside: Path, durable: bool = False) -> None:
    """Put ``source`` where ``target`` is. A folder cannot be renamed over another: the old one goes ``aside`` first, and is
    deleted at the end; :func:`restore_folder` finishes what a kill between the two renames left."""
    shutil.rmtree(aside, ignore_errors=True)
    if target.exists():
        target.rename(aside)
    move_folder(source, target, durable=durable)
    shutil.rmtree(aside, ignore_errors=True)


def restore_folder(target: Path, *, aside: Path) -> None:
    """Put back a folder that went ``aside`` when nothing took its place; delete it when something did."""
    if not aside.is_dir():
        return
    if target.is_dir():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        aside.rename(target)


def make_private(folder: Path, *, root: Path) -> Path:
    """Make ``folder``, and those above it down from ``root``, readable by their owner alone; what is above ``root`` is made
    in the ordinary way. Folders that exist keep their permissions. The folder."""
    root.parent.mkdir(parents=True, exist_ok=True)
    for part in [*reversed(folder.parents), folder]:
        if part == root or root in part.parents:
            part.mkdir(mode=0o700, exist_ok=True)
    return folder


def flush(stream: IO[Any]) -> None:
    """Have the disk hold what was written to an open file."""
    stream.flush()
    os.fsync(stream.fileno())


def flush_folder(folder: Path) -> None:
    """Have the disk hold the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
