"""One module per source format, one protocol they all keep to, and the registry that lists them.

``protocol`` says what a reader is, ``registry`` lists the readers and recognises an undeclared file. A reader hands
over columns as they stand in the source; ``header`` compares their names with the declared ones and ``typed`` turns their
values into the declared types, the same way for every format.
"""
