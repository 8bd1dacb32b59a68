"""Arguments and options that several commands share, and what they mean."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Annotated

import typer

PORTAL_TOKEN = "OPENDATA_PORTAL_TOKEN"  # noqa: S105 - the name of the environment variable that holds it

DatasetId = Annotated[str, typer.Argument(metavar="ID", help="The dataset's id: the name of its folder.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
StagingAddress = Annotated[
    str | None, typer.Option("--staging", metavar="URL", help="Staging: a folder, or s3://bucket/prefix. Default: ./staging.")
]  # fmt: skip
SourceAddress = Annotated[
    str | None,
    typer.Option("--source", metavar="PATH_OR_URL", help="Read the source from here instead of the declared place."),
]
WholeSource = Annotated[
    bool, typer.Option("--whole", help="Take the source as the whole table, although the declaration says to merge it.")
]
PortalProfile = Annotated[
    str, typer.Option("--profile", metavar="NAME", help="The portal's package form: chhs or data_ca.")
]
PortalOrganization = Annotated[
    str | None,
    typer.Option(
        "--organization",
        metavar="NAME",
        help="The department's name on the portal. Default: made of the declared one.",
    ),
]


def located(address: str | None) -> str | None:
    """A path as the caller means it: from the folder the command is given in. Addresses are left as they are."""
    return address if address is None or "://" in address else str(Path(address).absolute())


def person() -> str:
    """Who is at the command line, for the ledger."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return f"user {os.getuid()}"


def portal_token() -> str:
    """The portal's token from the environment; empty where none is set."""
    return os.environ.get(PORTAL_TOKEN, "")
