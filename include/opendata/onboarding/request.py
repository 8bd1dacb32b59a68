"""What a person says of a new source before anyone has looked at it, and what is wrong with it, all at once.

The same request comes from a trigger form and from the command line. Nothing is read here; whether the columns named exist is
asked when the source has been.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from include.opendata import places
from include.opendata.declaration.base import Slug, Text
from include.opendata.declaration.choices import Frequency, Topic
from include.opendata.declaration.light import declared_ids
from include.opendata.errors import DeclarationError, Place
from include.opendata.sources.fetch import shown
from include.opendata.sources.readers.registry import ENDINGS

Address = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
MOST_COLUMNS = 6
"""Columns that may be named as those that matter: a table of more dimensions shows nothing but small cells."""

_SECRET = re.compile(r"[?&](sig|signature|token|key|api_?key|access_?key|password|pwd|secret|x-amz-[a-z-]+)=", re.I)


class OnboardingRequest(BaseModel):
    """A source and what only people know of it. ``columns``: those that matter; empty: all that make sense."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    source: Text
    department: Text
    steward_name: Text
    steward_email: Address
    topic: Topic
    frequency: Frequency
    columns: Annotated[tuple[Text, ...], Field(max_length=MOST_COLUMNS)] = ()
    title: Text | None = None
    dataset: Slug | None = None

    @property
    def id(self) -> str:
        """The dataset's id: the one given, or made of the title or the source's name."""
        return self.dataset or _id_of(self.title or _name_of(self.source))

    @property
    def shown_title(self) -> str:
        """The title given, or the source's name in words."""
        return self.title or re.sub(r"[_\W]+", " ", _name_of(self.source)).strip().capitalize() or "New dataset"


def request_from(fields: Mapping[str, object]) -> OnboardingRequest:
    """The request in ``fields``; a field left empty counts as not given.

    Raises DeclarationError ``request-invalid``, listing everything that is wrong, ``source-secret`` for a location that holds
    a key, ``dataset-exists``.
    """
    given = {name: value for name, value in fields.items() if value not in (None, "", [], ())}
    try:
        request = OnboardingRequest.model_validate(given)
    except ValidationError as error:
        raise _invalid(error) from None
    place = Place(file=shown(request.source))
    if _holds_a_secret(request.source):
        raise DeclarationError(
            "the location holds a password or a key, which a declaration would carry on",
            remedy="Give an address the pipeline may read by itself, or put a copy of the file where it can.",
            slug="source-secret",
            place=place,
        )
    if repeated := sorted({name for name in request.columns if request.columns.count(name) > 1}):
        raise DeclarationError(
            f"columns are named twice: {', '.join(repeated)}",
            remedy="Name each column that matters once.",
            slug="request-invalid",
            place=place,
        )
    if request.id in declared_ids():
        raise DeclarationError(
            f"there is a dataset called {request.id!r} already",
            remedy=f"Give another id, or change the declaration {places.declaration(request.id)}.",
            slug="dataset-exists",
            place=Place(dataset=request.id),
        )
    return request


def _invalid(error: ValidationError) -> DeclarationError:
    problems = sorted(_sentence(detail) for detail in error.errors(include_url=False))
    return DeclarationError(
        f"the request has {'one problem' if len(problems) == 1 else f'{len(problems)} problems'}",
        remedy="Fix each field named and ask again.",
        slug="request-invalid",
        details=tuple(problems),
    )


def _holds_a_secret(location: str) -> bool:
    if "://" not in location:
        return False
    return _SECRET.search(location) is not None or "@" in location.split("/")[2]


_ASKED_FOR = {
    "steward_email": "an e-mail address is needed",
    "dataset": "small letters, digits and underscores, at least three, beginning with a letter",
    "columns": f"a list of at most {MOST_COLUMNS} column names is needed",
}


def _sentence(detail: ErrorDetails) -> str:
    """What is wrong with a field, in words."""
    name = str(detail["loc"][0]) if detail["loc"] else "the request"
    if detail["type"] == "extra_forbidden":
        return f"{name}: there is no such field{_suggestion(name, list(OnboardingRequest.model_fields))}"
    if detail["type"] == "missing":
        return f"{name}: it is needed"
    if detail["type"] == "literal_error":
        expected = str(detail.get("ctx", {}).get("expected", ""))
        choices = expected.replace("'", "").replace(" or ", ", ").split(", ")
        return f"{name}: allowed are {', '.join(choices)}{_suggestion(str(detail.get('input')), choices)}"
    return f"{name}: {_ASKED_FOR.get(name, 'text is needed')}"


def _suggestion(written: str, known: list[str]) -> str:
    similar = difflib.get_close_matches(written, known, n=1)
    return f"; did you mean {similar[0]!r}?" if similar else ""


def _name_of(source: str) -> str:
    """The file's name without its endings."""
    name = shown(source).rstrip("/").rpartition("/")[2]
    return re.sub(rf"(\.({'|'.join(ENDINGS)}))+$", "", name, flags=re.I)


def _id_of(text: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    if not re.match(r"[a-z]", slug):
        slug = f"dataset_{slug}"
    return slug[:60].rstrip("_") if len(slug) >= 3 else f"dataset_{slug}".rstrip("_")
