"""Where sources lie: one module per kind of place, one protocol they all keep to, and the registry that lists them."""
