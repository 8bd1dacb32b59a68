"""The publishable gate: may this table be published, at which level, and must its small counts be masked?

``assessment`` walks the six steps of the Data Assessment for Public Release (DDG 2.0 §4, Figure 5) and gathers what the
other modules find: ``permission`` (the level and the approvals), ``condition`` (small cells, small denominators),
``scoring`` (the Publication Scoring Criteria, on the facts of ``fact_sheet``, which ``facts`` computes from data) and
``safe_harbor``. The gate decides; it hides nothing itself. Hiding is the work of ``disclosure``.
"""
