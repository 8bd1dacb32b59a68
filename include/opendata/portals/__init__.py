"""The public portals a staged release is published on, one room per kind."""
