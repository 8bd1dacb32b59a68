"""Whether the portal is ready for a package: asked before anything is sent, so that a publish is not stopped half way.

The token is known, the department exists and takes packages from the token's owner, the topics exist, and the package's name
is free or belongs to the department. Rules: CKAN 2.11 API, authorization.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.opendata.errors import InputError, Refused
from include.opendata.portals.ckan.access import Forbidden, Missing, Portal, unusable_token
from include.opendata.portals.ckan.package import WantedPackage


def require_ready(portal: Portal, wanted: WantedPackage) -> str:
    """The id of the department on the portal.

    Raises InputError (``portal-token-refused``, ``portal-no-datastore``, ``portal-organization-missing``,
    ``portal-topic-missing``) and Refused (``portal-not-allowed``).
    """
    if "datastore" not in (portal.call("status_show").get("extensions") or ()):
        raise InputError(
            "this portal has no DataStore",
            remedy="Ask its administrators to switch on CKAN's datastore plugin; tables are published there.",
            slug="portal-no-datastore",
            place=portal.place,
        )
    _require_token(portal)
    organization = _organization(portal, wanted)
    for group in wanted.groups:
        try:
            portal.call("group_show", id=group, include_dataset_count=False, include_users=False)
        except (Missing, Forbidden):
            raise InputError(
                f"the portal has no topic (group) {group}",
                remedy="Ask its administrators to make that group, or choose the profile this portal has the topics of.",
                slug="portal-topic-missing",
                place=portal.place,
            ) from None
    return organization


def existing_package(portal: Portal, wanted: WantedPackage, organization: str) -> Mapping[str, Any] | None:
    """The package as the portal shows it, None when there is none.

    Raises Refused (``portal-package-deleted``, ``portal-name-taken``).
    """
    try:
        shown: Mapping[str, Any] = portal.call("package_show", id=wanted.name)
    except Missing:
        return None
    except Forbidden:
        raise name_taken(portal) from None
    if shown.get("state") == "deleted":
        raise Refused(
            "the package was deleted on the portal, and is still in its trash",
            remedy="Find out why. To publish it again, an administrator of the portal restores it, or purges it from the "
            "trash so that it can be made again.",
            slug="portal-package-deleted",
            place=portal.place,
        )
    if shown.get("owner_org") != organization or shown.get("name") != wanted.name:
        raise name_taken(portal)
    return shown


def name_taken(portal: Portal) -> Refused:
    """The package's name belongs to someone else, or to a package this token may not see."""
    return Refused(
        "the package's name is taken on the portal by another department",
        remedy="Name the right department with --organization, or let the departments agree whose package it is; it was "
        "not touched.",
        slug="portal-name-taken",
        place=portal.place,
    )


def _require_token(portal: Portal) -> None:
    try:
        portal.call("user_show")
    except (Missing, Forbidden):
        raise unusable_token(portal.place) from None


def _organization(portal: Portal, wanted: WantedPackage) -> str:
    try:
        organization = portal.call("organization_show", id=wanted.organization, include_dataset_count=False)
    except (Missing, Forbidden):
        raise InputError(
            f"the portal has no department (organization) {wanted.organization}",
            remedy="Give the name it has in the portal's addresses with --organization, or ask for it to be made.",
            slug="portal-organization-missing",
            place=portal.place,
        ) from None
    mine = portal.call("organization_list_for_user", permission="create_dataset")
    if organization["id"] not in {department["id"] for department in mine}:
        raise Refused(
            f"the token's owner may not publish for the department {organization['name']}",
            remedy="Ask an administrator of that department on the portal to make the token's owner an editor.",
            slug="portal-not-allowed",
            place=portal.place,
        )
    return str(organization["id"])
