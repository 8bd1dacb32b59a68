"""The rule book an installation follows: which file it is, and what stands in it.

A rule book is a YAML file with the numbers that the rules turn on. ``OPENDATA_RULE_BOOK`` names one of ``books/`` or a file
elsewhere; unset, it is the shipped one. The file is read again when it changes, so that a process never follows a book that
is no longer there; a refresh refuses to go on when the book changed under it (``pipeline.provenance``). What the numbers mean
for a table is decided in ``gate`` and ``disclosure``.
"""

from __future__ import annotations

import difflib
import hashlib
from functools import lru_cache
from pathlib import Path

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from include.opendata import places, yaml_reader
from include.opendata.errors import DeclarationError, Place, SetupError
from include.opendata.rules.criteria import FOLDER, Criterion
from include.opendata.rules.small_cells import SmallCellRule

BOOKS = FOLDER / "books"
SHIPPED = "calhhs_ddg_2"


class Denominator(Criterion):
    """A population of fewer than ``below`` people is small."""

    below: int = Field(ge=1)
    section: str


class ScoreLimits(Criterion):
    """The publication scores: up to the first, small counts may be shown; from the second, they are masked."""

    publish_up_to: int
    mask_from: int
    section: str

    @model_validator(mode="after")
    def _no_score_between(self) -> ScoreLimits:
        if self.mask_from != self.publish_up_to + 1:
            raise ValueError("masking starts at the score after the last one that may be published")
        return self


class Survey(Criterion):
    """Estimates from fewer sample cases are left blank, with this annotation code."""

    sample_cases_below: int = Field(ge=1)
    annotation: int
    section: str


class SafeHarbor(Criterion):
    """Ages in years above the first are one group; a three-digit ZIP area has more people than the second."""

    single_ages_up_to: int = Field(ge=1)
    zip3_population_above: int = Field(ge=1)
    section: str


class PercentagesOnly(Criterion):
    """Whole percentages may stand for three counts, one of them small, from this total on."""

    total_at_least: int = Field(ge=1)
    section: str


class RuleBook(Criterion):
    """The numbers the rules turn on, of one edition of one set of guidelines."""

    title: str
    small_cell: SmallCellRule
    denominator: Denominator
    score: ScoreLimits
    survey: Survey
    safe_harbor: SafeHarbor
    percentages_only: PercentagesOnly


def rule_books() -> tuple[str, ...]:
    """The names of the books that come with the project, sorted."""
    return tuple(sorted(path.stem for path in BOOKS.glob("*.yaml")))


def rule_book_file() -> Path:
    """The file of the rule book this installation follows.

    Raises SetupError ``rule-book-unknown`` when ``OPENDATA_RULE_BOOK`` names neither a book of the project nor a file.
    """
    named = places.rule_book() or SHIPPED
    if named in rule_books():
        return BOOKS / f"{named}.yaml"
    path = Path(named)
    if path.is_file():
        return path
    similar = difflib.get_close_matches(named, rule_books(), n=1)
    hint = f"; did you mean {similar[0]!r}?" if similar else ""
    raise SetupError(
        f"OPENDATA_RULE_BOOK names the rule book {named!r}, and there is none{hint}",
        remedy=f"Name one of {', '.join(rule_books())}, or the path of a file; unset, the shipped book is followed.",
        slug="rule-book-unknown",
    )


def rule_book() -> RuleBook:
    """The rule book this installation follows.

    Raises SetupError: ``rule-book-unknown``, or ``rule-book-broken`` with the file and the line when it is not YAML, lacks a
    number, or has one that protects nothing.
    """
    path = rule_book_file()
    try:
        stamp = path.stat()
    except OSError as error:
        raise SetupError(
            f"the rule book cannot be read ({error.strerror})",
            remedy="Check the permissions of the file that OPENDATA_RULE_BOOK names.",
            slug="rule-book-broken",
            place=Place(file=yaml_reader.shown(path)),
        ) from None
    return _read(path.resolve(), stamp.st_mtime_ns, stamp.st_size)


def rule_book_digest() -> str:
    """SHA-256 of what the rule book says; comments and layout do not count. Raises SetupError as :func:`rule_book` does."""
    return hashlib.sha256(rule_book().model_dump_json().encode()).hexdigest()


def follows_shipped_book() -> bool:
    """Whether it is the book that comes with the project and is followed when none is named."""
    return rule_book_file() == BOOKS / f"{SHIPPED}.yaml"


@lru_cache(maxsize=8)
def _read(path: Path, _modified: int, _size: int) -> RuleBook:
    """The book at ``path``. The stamp is part of the key, so that a file that was changed is read again."""
    try:
        data, positions = yaml_reader.read(path)
    except DeclarationError as error:
        raise SetupError(
            f"the rule book cannot be read: {error.what}",
            remedy=error.remedy,
            slug="rule-book-broken",
            place=error.place,
        ) from None
    try:
        return RuleBook.model_validate(data)
    except ValidationError as error:
        mistakes = [(positions.line(mistake["loc"]), _in_words(mistake)) for mistake in error.errors()]
    raise SetupError(
        "the rule book does not say what a rule book must",
        remedy=f"Correct the file; the shipped book, {yaml_reader.shown(BOOKS / f'{SHIPPED}.yaml')}, has every field.",
        slug="rule-book-broken",
        place=Place(file=yaml_reader.shown(path), line=mistakes[0][0]),
        details=tuple(f"line {line}: {sentence}" for line, sentence in mistakes),
    )


def _in_words(mistake: ErrorDetails) -> str:
    field = ".".join(str(part) for part in mistake["loc"])
    match mistake["type"]:
        case "missing":
            return f"{field} is missing"
        case "extra_forbidden":
            return f"a rule book has no field {field}"
        case _:
            reason = mistake["msg"].removeprefix("Value error, ")
            return f"{field}: {reason[:1].lower()}{reason[1:]}" if field else reason
