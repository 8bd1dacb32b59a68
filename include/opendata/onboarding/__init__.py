"""Getting to know an undeclared source: profile it, propose tables, draft everything, try it out, publish nothing.

``request`` is what people say of it, ``reading`` and ``profile`` find out what it holds, ``meaning`` what its columns stand
for, ``design`` which tables to make of it, ``draft`` writes the declaration, ``trial`` tries it on the real figures,
``bundle`` and ``page`` hand it over. ``steps`` is the list of the steps, each in a module of its name, that a DAG and the
command line (``onboard``) perform through ``door``; ``kept`` is what they leave for each other.
"""
