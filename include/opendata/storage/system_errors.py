"""What the operating system refuses, in words: a full disk, a missing right, a read-only place."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from include.opendata.errors import Place, StorageError


@contextmanager
def storage_errors(dataset: str, where: str) -> Iterator[None]:
    """Turn an OSError into a StorageError. ``where``: the place as people call it, such as "the work area".

    Slugs: ``disk-full``, ``storage-denied``, ``storage-failed``.
    """
    try:
        yield
    except OSError as error:
        raise _in_words(error, Place(dataset=dataset), where) from None


def _in_words(error: OSError, place: Place, where: str) -> StorageError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError(
            f"{where} is full",
            remedy="Free some space there and run the refresh again; nothing was published.",
            slug="disk-full",
            place=place,
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StorageError(
            f"{where} may not be written to",
            remedy="Give the user that runs the pipeline the right to write there, and run the refresh again.",
            slug="storage-denied",
            place=place,
        )
    return StorageError(
        f"{where} failed ({os.strerror(error.errno or 0)})",
        remedy="Look at that place, then run the refresh again; nothing was published.",
        slug="storage-failed",
        place=place,
    )
