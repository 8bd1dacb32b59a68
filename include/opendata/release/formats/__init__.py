"""The forms a table is offered in: one module per format, and the registry that lists them."""
