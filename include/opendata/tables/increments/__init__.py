"""Tables that an extract is merged into: append, update, delete, and the figures they are counted from."""
