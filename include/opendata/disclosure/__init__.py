"""Disclosure control: which counts may not be shown, what hides them, and whether a stranger could undo it."""
