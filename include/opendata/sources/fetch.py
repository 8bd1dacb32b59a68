"""Brings the source's bytes into the work area, whole and unchanged, and digests them on the way.

A source is a path, or a ``file://``, ``http(s)://`` or ``s3://`` address. Nothing is interpreted here. Addresses are shown
without user, password and query, which often carry a key. A source that could not be reached may be there in a minute:
that is :class:`SourceUnreachable`, the one error here that is worth a retry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit, urlunsplit

import boto3
import requests
from botocore import exceptions as s3
from botocore.config import Config

from include.opendata import places
from include.opendata.errors import InputError, Place
from include.opendata.storage.run_area import storage_errors

Bytes = Generator[bytes, None, None]

CHUNK = 1 << 20
MAX_BYTES = 20 * 2**30
"""A source larger than this is refused, so that a wrong address cannot fill the work area."""
CONNECT_SECONDS, READ_SECONDS = 10, 60


class SourceUnreachable(InputError):
    """The source did not answer. Trying again later can help; nothing is wrong with the declaration so far as we know."""

    retryable: ClassVar[bool] = True


@dataclass(frozen=True)
class Fetched:
    """The source's bytes in the work area."""

    path: Path
    sha256: str
    bytes: int


def fetch(location: str, *, dataset: str, to: Path, max_bytes: int = MAX_BYTES) -> Fetched:
    """Copy the source at ``location`` to ``to``, mode 0400, whole or not at all.

    Raises InputError when there is no such source or it may not be read, SourceUnreachable when it did not answer,
    StorageError when the work area cannot take it.
    """
    place = Place(dataset=dataset, file=shown(location))
    digest, size = hashlib.sha256(), 0
    partial = to.with_name(to.name + ".partial")
    with closing(_chunks(location, place)) as chunks:
        chunk: bytes | None = next(chunks, b"")  # before anything is made in the work area
        with storage_errors(dataset, "the work area"):
            partial.unlink(missing_ok=True)
            target = partial.open("xb")
        try:
            with target:
                while chunk is not None:
                    size += len(chunk)
                    if size > max_bytes:
                        raise _too_large(place, max_bytes)
                    digest.update(chunk)
                    with storage_errors(dataset, "the work area"):
                        target.write(chunk)
                    chunk = next(chunks, None)
                with storage_errors(dataset, "the work area"):
                    target.flush()
            with storage_errors(dataset, "the work area"):
                partial.chmod(0o400)
                partial.replace(to)
        finally:
            partial.unlink(missing_ok=True)
    return Fetched(to, digest.hexdigest(), size)


def shown(location: str) -> str:
    """The location as it may be shown: without user, password, query and fragment."""
    if "://" not in location:
        return location
    parts = urlsplit(location)
    host = parts.hostname or ""
    return urlunsplit((parts.scheme, f"{host}:{parts.port}" if parts.port else host, parts.path, "", ""))


def _chunks(location: str, place: Place) -> Bytes:
    scheme = location.partition("://")[0].lower() if "://" in location else ""
    readers: dict[str, Callable[[str, Place], Bytes]] = {
        "": _from_path,
        "file": _from_file_address,
        "http": _from_web,
        "https": _from_web,
        "s3": _from_s3,
    }
    if scheme not in readers:
        raise InputError(
            f"sources are not read from {scheme}://",
            remedy="Give a path, or an https://, http://, file:// or s3:// address.",
            slug="source-scheme",
            place=place,
        )
    return readers[scheme](location, place)


def _from_path(location: str, place: Place) -> Bytes:
    yield from _read_file(places.ROOT / location, place)


def _from_file_address(location: str, place: Place) -> Bytes:
    parts = urlsplit(location)
    if parts.netloc not in ("", "localhost"):
        raise InputError(
            "a file:// address names a file of this machine",
            remedy="Write three slashes, as in file:///data/source.csv.",
            slug="source-scheme",
            place=place,
        )
    yield from _read_file(Path(unquote(parts.path)), place)


def _read_file(path: Path, place: Place) -> Bytes:
    try:
        with path.open("rb") as source:
            while chunk := source.read(CHUNK):
                yield chunk
    except FileNotFoundError:
        raise _missing(place) from None
    except IsADirectoryError:
        raise InputError(
            "the source is a folder", remedy="Give the file inside it.", slug="source-missing", place=place
        ) from None
    except PermissionError:
        raise _denied(place) from None
    except OSError as error:
        raise SourceUnreachable(
            f"the source could not be read to its end ({error.strerror or type(error).__name__})",
            remedy="Look at the disk or the share it lies on, then run the refresh again.",
            slug="source-unreachable",
            place=place,
        ) from None


def _from_web(location: str, place: Place) -> Bytes:

    with _network_errors(place, (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)):
        try:
            response = requests.get(location, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS))
        except (requests.exceptions.InvalidURL, requests.exceptions.TooManyRedirects):
            raise InputError(
                "the address does not lead to a file", remedy="Check it.", slug="source-missing", place=place
            ) from None
        with closing(response):
            hops = [hop.url for hop in (*response.history, response)]
            if location.startswith("https:") and not all(hop.startswith("https:") for hop in hops):
                raise InputError(
                    "the secure address leads on to an insecure one",
                    remedy="Ask the source's owner for an address that stays with https.",
                    slug="source-insecure",
                    place=place,
                )
            _check_status(response.status_code, place)
            yield from response.iter_content(CHUNK)


def _check_status(status: int, place: Place) -> None:
    if status in (404, 410):
        raise _missing(place)
    if status in (401, 403):
        raise _denied(place)
    if status in (408, 425, 429) or status >= 500:
        raise _unreachable(place, f"answered with status {status}")
    if status != 200:
        raise InputError(
            f"the source answered with status {status}", remedy="Check the address.", slug="source-missing", place=place
        )


def _from_s3(location: str, place: Place) -> Bytes:

    parts = urlsplit(location)
    config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"max_attempts": 2})
    failures = (s3.HTTPClientError, s3.ConnectionError, s3.ReadTimeoutError, s3.ResponseStreamingError)
    with _network_errors(place, (*failures, s3.IncompleteReadError)):
        try:
            client = boto3.client("s3", config=config)
            body = client.get_object(Bucket=parts.netloc, Key=unquote(parts.path.lstrip("/")))["Body"]
        except (s3.NoCredentialsError, s3.PartialCredentialsError, s3.NoRegionError):
            raise _denied(place) from None
        except s3.ParamValidationError:
            raise _missing(place) from None
        except s3.ClientError as error:
            _check_status(int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)), place)
            raise _missing(place) from None
        with closing(body):
            yield from body.iter_chunks(CHUNK)


@contextmanager
def _network_errors(place: Place, kinds: tuple[type[Any], ...]) -> Iterator[None]:
    try:
        yield
    except kinds as error:
        raise _unreachable(place, f"did not answer to the end ({type(error).__name__})") from None


def _unreachable(place: Place, why: str) -> SourceUnreachable:
    return SourceUnreachable(
        f"the source {why}",
        remedy="Run the refresh again; if it stays like this, ask the source's owner.",
        slug="source-unreachable",
        place=place,
    )


def _too_large(place: Place, max_bytes: int) -> InputError:
    return InputError(
        f"the source is larger than {max_bytes:,} bytes",
        remedy="Check the location; a source of this size belongs in a database, read where it lives.",
        slug="source-too-large",
        place=place,
    )


def _missing(place: Place) -> InputError:
    return InputError(
        "there is no such source",
        remedy="Check `source.location` in the declaration, or give another with --source.",
        slug="source-missing",
        place=place,
    )


def _denied(place: Place) -> InputError:
    return InputError(
        "the source may not be read",
        remedy="Give the user that runs the pipeline the right to read it.",
        slug="source-denied",
        place=place,
    )
