"""Getting to know a source nobody has declared: profile it, propose tables, draft everything, try it out, publish nothing.

``request`` is what people say of it, ``reading`` and ``profile`` find out what it holds, ``meaning`` what its columns stand
for, ``design`` which tables to make of it, ``draft`` writes the declaration, ``trial`` tries it on the real figures,
``bundle`` and ``page`` hand it over. ``steps`` tells the story; a DAG and the command line both run it.
"""
