"""What earlier releases have already shown the public, in a form that outlasts changes of data and declaration.

``extents`` says which raw values a category stands for, ``published`` is a table as it was published, ``joint`` puts the
tables of several releases side by side as one set of cells. Public figures only: everything here could be written by
someone who kept a copy of every release.
"""

UPCOMING = "upcoming"
"""What a release is called among others before it has a name."""
