"""The criteria as data: each number, list and sentence of the rule books has its one home in a file of this folder.

========================  ======================================================  ===========================
file                      what it holds                                           read by
========================  ======================================================  ===========================
scoring.yaml              Publication Scoring Criteria, row by row                ``rules.scoring``
books/*.yaml              rule books: 11, 20,000, 12 and 13, 30, 89 …             ``rules.rule_book``
release_steps.yaml        the six steps of the assessment                         ``rules.release``
permission.yaml           the decision tree, the approvals each level needs       ``rules.release``
high_risk_populations     whose small counts are hidden whatever the score        ``rules.release``
annotations.yaml          annotation codes 0 to 5                                 ``rules.portal``
field_standards.yaml      how common fields are written                           ``rules.portal``
identifiers.yaml          names and shapes of what identifies a person             ``rules.identifiers``
portal_choices.yaml       topics, frequencies, granularities                      ``rules.portal``
portal_profile_*.yaml     the package forms of the portals                        ``rules.portal``
reference/*.csv           populations                                             ``rules.reference``
regions/*.csv             which region a county lies in                           ``rules.regions``
========================  ======================================================  ===========================

``rules.answers`` holds what a steward answers to the permission questions. What the criteria mean for a table is
decided in ``gate``; this package imports neither data libraries nor any room.
"""
