"""How the portal is spoken to: CKAN's action API with a token, retried where that helps, without a secret in any message.

Decides what a person reads when a portal does not answer, does not know the token, or says no. Every action sent from this
room can be sent twice, so a request that was cut, timed out or met a server error (5xx, 429) is sent again a few times with
growing pauses. What is published, and in which order, is decided in ``publish``. Rules: CKAN 2.11 API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import ckanapi
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from include.opendata.errors import InputError, OpendataError, Place, Refused, StorageError
from include.opendata.portals.ckan.upload import FileToSend, MultipartBody
from include.opendata.storage.digests import RunningDigest

CONNECT_SECONDS = 10
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PIECE = 1 << 20
_STATUS = re.compile(r", ([1-5][0-9]{2}), ")


@dataclass(frozen=True)
class PortalAccess:
    """Where a portal is and how long to be patient with it. ``timeout``: seconds without a byte · ``attempts``: how often a
    request is sent before giving up · ``pause``: seconds before the second attempt, doubled before each further one."""

    url: str
    token: str = field(repr=False)
    timeout: float = 120.0
    attempts: int = 5
    pause: float = 0.5

    def __post_init__(self) -> None:
        if not self.token.strip():
            raise InputError(
                "there is no token for the portal",
                remedy="Make an API token on your page of the portal and give it in OPENDATA_PORTAL_TOKEN, or as the "
                "password of the Airflow connection.",
                slug="portal-token-missing",
            )
        if not re.fullmatch(r"[\x21-\x7e]+", self.token.strip()):
            raise unusable_token()
        _require_address(self.url)


def _require_address(url: str) -> None:
    """Raise InputError (``portal-address``, ``portal-insecure``) unless a token may be sent there."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise InputError(
            "this is no address of a portal",
            remedy="Give the portal's own address, such as https://data.chhs.ca.gov, without anything after it.",
            slug="portal-address",
        )
    if parts.username or parts.password:
        raise InputError(
            "a secret does not belong into an address",
            remedy="Take it out of the portal's address; the token goes into OPENDATA_PORTAL_TOKEN.",
            slug="portal-address",
        )
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise InputError(
            "the token would travel unencrypted",
            remedy="Use the portal's https:// address; http:// is for a portal on this machine only.",
            slug="portal-insecure",
        )


class FieldsRejected(Exception):
    """CKAN's validation said no. ``problems``: field → what it says."""

    def __init__(self, problems: Mapping[str, Any]):
        self.problems = {key: value for key, value in problems.items() if key != "__type"}
        super().__init__(", ".join(sorted(self.problems)))


class Missing(Exception):
    """CKAN does not have it."""


class Forbidden(Exception):
    """CKAN does not let this token do it."""


class Portal:
    """A portal and the token's owner. Use it as a context; nothing is sent before the first call."""

    def __init__(self, access: PortalAccess, dataset: str):
        self.url = access.url.rstrip("/")
        self.place = Place(dataset=dataset)
        self._access = access
        self._session = _session(access)
        self._ckan = ckanapi.RemoteCKAN(
            self.url, apikey=access.token.strip(), user_agent="opendata-pipeline", session=self._session
        )

    def __enter__(self) -> Portal:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def call(self, action: str, files: Mapping[str, FileToSend] | None = None, **arguments: Any) -> Any:
        """The result of an action. ``files``: form field → file to send.

        Raises FieldsRejected, Missing, Forbidden, and StorageError (``portal-unreachable``, ``portal-failed``) when the
        portal does not answer or answers with an error of its own after all attempts.
        """
        try:
            return self._send(action, arguments, files)
        except ckanapi.ValidationError as error:
            refused: Exception = FieldsRejected(error.error_dict)
        except ckanapi.NotFound:
            refused = Missing(action)
        except ckanapi.NotAuthorized:
            refused = Forbidden(action)
        raise refused  # outside the handler: the original quotes what was sent

    def digest(self, address: str) -> tuple[str, int]:
        """(sha256, bytes) of what the portal gives out as a resource's file."""
        downloaded = RunningDigest()
        headers = {"Authorization": self._access.token.strip(), "Accept-Encoding": "identity"}
        with (
            self._for_people("a download"),
            self._session.get(self.rebased(address), headers=headers, stream=True, timeout=self._timeout) as answer,
        ):
            if answer.status_code != requests.codes.ok:
                return f"status {answer.status_code}", 0
            for piece in answer.iter_content(_PIECE):
                downloaded.update(piece)
        return downloaded.result

    def rebased(self, address: str) -> str:
        """A file's address below the portal's address as given: CKAN writes the address it believes to have, and the token
        goes nowhere else."""
        path = urlsplit(address).path
        start = path.find("/dataset/")
        return self.url + (path[start:] if start >= 0 else path)

    @property
    def _timeout(self) -> tuple[float, float]:
        return (min(CONNECT_SECONDS, self._access.timeout), self._access.timeout)

    def _send(self, action: str, arguments: Mapping[str, Any], files: Mapping[str, FileToSend] | None) -> Any:
        with self._for_people(action):
            return self._ckan.call_action(
                action, dict(arguments), files=files, requests_kwargs={"timeout": self._timeout}
            )

    @contextmanager
    def _for_people(self, action: str) -> Iterator[None]:
        """What went wrong on the way, as an error for people. Foreign messages quote addresses and answers: none is kept."""
        try:
            yield
            return
        except (ckanapi.ValidationError, ckanapi.NotFound, ckanapi.NotAuthorized):
            raise
        except (requests.Timeout, requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            failure: OpendataError = self._unreachable(action, error)
        except requests.RequestException as error:
            failure = self._failed(action, f"the request failed: {type(error).__name__}")
        except (ckanapi.CKANAPIError, ckanapi.ServerIncompatibleError) as error:
            failure = self._answered(action, error)
        raise failure

    def _answered(self, action: str, error: Exception) -> OpendataError:
        """What an answer that is none of CKAN's own means. ``error`` quotes its HTTP status, if there was one."""
        status = _STATUS.search(str(error))
        code = int(status.group(1)) if status else 0
        if code in (requests.codes.unauthorized, requests.codes.forbidden):
            return unusable_token()
        if code == requests.codes.request_entity_too_large:
            return Refused(
                "the portal does not take a file or a request of this size",
                remedy="Ask the portal's administrators to raise its limit (ckan.max_resource_size, or that of the "
                "web server before it), then publish again.",
                slug="portal-too-large",
                place=self.place,
            )
        return self._failed(action, f"it answered {code}" if code else "its answer is not that of a CKAN")

    def _unreachable(self, action: str, error: Exception) -> StorageError:
        slow = isinstance(error, requests.Timeout) or "Timeout" in repr(error)
        what = (
            f"did not answer {action} within {self._access.timeout:g} s"
            if slow
            else f"could not be reached for {action}"
        )
        return StorageError(
            f"the portal {what}, in {self._access.attempts} attempt(s)",
            remedy="See whether the portal is up, then publish again; it continues where it stopped.",
            slug="portal-slow" if slow else "portal-unreachable",
            place=self.place,
        )

    def _failed(self, action: str, how: str) -> StorageError:
        return StorageError(
            f"the portal failed at {action}: {how}",
            remedy="See whether the address is right and the portal is well (its administrators find the cause in its "
            "log), then publish again; it continues where it stopped.",
            slug="portal-failed",
            place=self.place,
        )


class _StreamingSession(requests.Session):
    """Sends files from the disk, a piece at a time, where requests would gather the whole form in memory."""

    def post(self, url: str | bytes, data: Any = None, json: Any = None, **more: Any) -> requests.Response:
        files = more.pop("files", None)
        if not files:
            return super().post(url, data=data, json=json, **more)
        with MultipartBody(data or {}, files) as body:
            headers = {**(more.pop("headers", None) or {}), "Content-Type": body.content_type}
            return super().post(url, data=body, headers=headers, **more)


def _session(access: PortalAccess) -> requests.Session:
    session = _StreamingSession()
    session.auth = lambda request: request  # else a .netrc would take the place of the token
    again = Retry(
        total=access.attempts - 1,
        backoff_factor=access.pause,
        backoff_max=30,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=None,
        raise_on_status=False,
    )
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=again))
    return session


def unusable_token(place: Place | None = None) -> InputError:
    """The portal does not know the token, or it is no text that can be one."""
    return InputError(
        "the portal does not know this token",
        remedy="Make a new API token on your page of the portal and give it in OPENDATA_PORTAL_TOKEN, or as the password "
        "of the Airflow connection.",
        slug="portal-token-refused",
        place=place,
    )
