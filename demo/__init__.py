"""The demonstration's sources: real data that come inside Python packages."""
