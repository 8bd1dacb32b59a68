"""The open data portal: how a staged release gets onto CKAN, whole, and is read back."""

from include.opendata.portals.ckan.access import PortalAccess
from include.opendata.portals.ckan.datastore import TableOutcome
from include.opendata.portals.ckan.package import DCAT_METADATA, PACKAGE_METADATA, WantedPackage, wanted_package
from include.opendata.portals.ckan.publish import PublishedPackage, publish_package

__all__ = [
    "DCAT_METADATA",
    "PACKAGE_METADATA",
    "PortalAccess",
    "PublishedPackage",
    "TableOutcome",
    "WantedPackage",
    "publish_package",
    "wanted_package",
]
