"""All datasets of one staging place, seen by one person who keeps them all (DDG 2.0, Appendix F).

Two datasets that are made of the same records are like two releases of one: what one of them hides, the other may show, or
a difference of both. Decides which datasets are tied (``ties``, ``equal_figures``), says what one published in the words of
the other (``restate``), and attacks them together (``together``). How an attack works is left to ``attack``, how releases
are put side by side to ``history``.
"""
