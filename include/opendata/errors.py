"""What can go wrong, in the words of the people who must act on it.

Every error a person can meet is an :class:`OpendataError`: it names the dataset, the table, the column, says what is
wrong and what to do next, and carries the exit code documented in the README. Messages name columns and counts; they
never carry a value of a record. Anything else that escapes is a defect (exit code 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

EXIT_DONE = 0
EXIT_UNFORESEEN = 1
EXIT_BAD_INPUT = 2
EXIT_REFUSED = 3
EXIT_AUDIT = 4


@dataclass(frozen=True)
class Place:
    """Where an error is: the parts that are known, from the outside in."""

    dataset: str | None = None
    table: str | None = None
    column: str | None = None
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.file and self.line else self.file
        parts = [
            where,
            f"dataset {self.dataset}" if self.dataset else None,
            f"table {self.table}" if self.table else None,
            f"column {self.column}" if self.column else None,
        ]
        return ", ".join(part for part in parts if part)


class OpendataError(Exception):
    """An error a person can act on.

    ``what`` says what is wrong and ``remedy`` what to do about it, each in a sentence; ``slug`` is stable and meant for
    programs. Neither sentence may carry a value of a record.
    """

    exit_code: ClassVar[int] = EXIT_UNFORESEEN

    def __init__(self, what: str, *, remedy: str, slug: str, place: Place | None = None, details: tuple[str, ...] = ()):
        self.what, self.remedy, self.slug = what, remedy, slug
        self.place = place or Place()
        self.details = tuple(details)
        super().__init__(what)

    def __str__(self) -> str:
        head = f"{self.place}: {self.what}" if str(self.place) else self.what
        lines = [head, *(f"  - {detail}" for detail in self.details), f"What to do: {self.remedy}"]
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.what, self.remedy, self.slug, self.place, self.details))


def _rebuild(
    kind: type[OpendataError], what: str, remedy: str, slug: str, place: Place, details: tuple[str, ...]
) -> OpendataError:
    return kind(what, remedy=remedy, slug=slug, place=place, details=details)


class DeclarationError(OpendataError):
    """The declaration (or a command's arguments) cannot be used as it stands."""

    exit_code = EXIT_BAD_INPUT


class InputError(OpendataError):
    """The source, or a file the pipeline was pointed at, cannot be read as declared."""

    exit_code = EXIT_BAD_INPUT


class SetupError(OpendataError):
    """A place the installation names cannot be used as it is set up: credentials, a bucket, a right, an address."""

    exit_code = EXIT_BAD_INPUT


class Refused(OpendataError):
    """A rule says no: quality, the publishable gate, the permission level or a missing approval."""

    exit_code = EXIT_REFUSED


class AuditFailed(OpendataError):
    """The attack on our own output found a cell that can be recovered, or could not decide."""

    exit_code = EXIT_AUDIT


class StorageError(OpendataError):
    """A place we write to or read from failed: disk full, no permission, staging out of reach."""

    exit_code = EXIT_UNFORESEEN
