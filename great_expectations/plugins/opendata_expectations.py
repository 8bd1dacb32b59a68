"""The expectations of our own: what core expectations cannot say of a source, and what a published table must be.

Each counts, in the database, the rows that break it; no value of a record ever leaves the database. A rule is written as
what must hold for a row, and a row counts as a breach unless the database answers "true": a condition that a missing value
makes unknown is a breach, not a pass. Sentences for people are in ``include.opendata.quality.sentences``; which expectations
a suite must have is decided in ``include.opendata.quality.mandatory``.

Sources: DDG 2.0 §4.4 (small counts, derived values), Handbook, Guidelines §3 (annotations, field standards).
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.suite_parameters import SuiteParameterDict
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics import util as gx_metrics
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.expectations.registry import get_metric_kwargs
from great_expectations.validator.metric_configuration import MetricConfiguration

from include.opendata.rules.outlines import edges
from include.opendata.rules.portal import field_standards
from include.opendata.rules.reference import population_reference

BREACHES = "table.rows_in_breach"
COLUMN_KINDS = "table.column_kinds"
_RULES: dict[str, type[RowsMustHold]] = {}


class RowsInBreach(TableMetricProvider):
    """How many rows break the rule of an expectation of ours: one number, computed in the database."""

    metric_name = BREACHES
    value_keys = ("rule", "arguments")

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls, execution_engine, metric_domain_kwargs, metric_value_kwargs, metrics, runtime_configuration
    ) -> int:
        table, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE)
        if isinstance(table, sa.Select):
            table = table.subquery()
        rule = _RULES[metric_value_kwargs["rule"]]
        query = rule.breaches(table, json.loads(metric_value_kwargs["arguments"]), execution_engine)
        return int(execution_engine.execute_query(query).fetchall()[0][0])


class ColumnKinds(TableMetricProvider):
    """Each column's type as SQLAlchemy reflects it. The library's own metric gives some engines' types as text."""

    metric_name = COLUMN_KINDS

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls, execution_engine, metric_domain_kwargs, metric_value_kwargs, metrics, runtime_configuration
    ) -> dict[str, Any]:
        table, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE)
        columns = execution_engine.get_inspector().get_columns(str(table.name), schema=table.schema)
        return {str(column["name"]): column["type"] for column in columns}


class RowsMustHold(BatchExpectation, ABC):
    """An expectation that holds when no row breaks it."""

    argument_names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _RULES[cls.__name__] = cls

    @classmethod
    @abstractmethod
    def holds(cls, arguments: dict[str, Any], engine: SqlAlchemyExecutionEngine) -> sa.ColumnElement[bool]:
        """What must be true of every row."""

    @classmethod
    def breaches(
        cls, table: sa.FromClause, arguments: dict[str, Any], engine: SqlAlchemyExecutionEngine
    ) -> sa.Select[tuple[int]]:
        """The query that counts the rows for which ``holds`` is not true."""
        breach = sa.case((cls.holds(arguments, engine), 0), else_=1)
        return sa.select(sa.func.coalesce(sa.func.sum(breach), 0)).select_from(table)

    def get_validation_dependencies(self, execution_engine=None, runtime_configuration=None):
        dependencies = super().get_validation_dependencies(execution_engine, runtime_configuration)
        arguments = {name: getattr(self, name) for name in self.argument_names}
        domain = get_metric_kwargs("table.row_count", self.configuration, runtime_configuration)["metric_domain_kwargs"]
        dependencies.set_metric_configuration(
            BREACHES,
            MetricConfiguration(
                metric_name=BREACHES,
                metric_domain_kwargs=domain,
                metric_value_kwargs={"rule": type(self).__name__, "arguments": json.dumps(arguments, sort_keys=True)},
            ),
        )
        return dependencies

    def _validate(self, metrics, runtime_configuration=None, execution_engine=None):
        return {"success": metrics[BREACHES] == 0, "result": {"observed_value": metrics[BREACHES]}}


def _not_annotated(annotation: sa.ColumnClause) -> sa.ColumnElement[bool]:
    """Code 0 or blank: none (Handbook, Guidelines §3)."""
    return sa.or_(annotation.is_(None), annotation == "", annotation == "0")


def _matches(column: sa.ColumnElement, pattern: str, engine: SqlAlchemyExecutionEngine) -> sa.ColumnElement[bool]:
    dialect = engine.dialect_module or engine.engine.dialect
    condition = gx_metrics.get_dialect_regex_expression(column, pattern, dialect)
    if condition is None:
        raise TypeError(f"regular expressions on {engine.dialect_name}")
    return condition


# Any table -------------------------------------------------------------------------------------------------------------


class ExpectKeyToBeUnique(RowsMustHold):
    """The columns together name one row. Rows whose key is not theirs alone are in breach; a blank is a value like any."""

    columns: list[str]
    argument_names = ("columns",)

    @classmethod
    def holds(cls, arguments, engine):
        raise TypeError("uniqueness is a matter of several rows; see `breaches`")

    @classmethod
    def breaches(cls, table, arguments, engine):
        keys = [sa.column(name) for name in arguments["columns"]]
        shared = sa.select(sa.func.count().label("rows_of_key")).select_from(table).group_by(*keys)
        shared = shared.having(sa.func.count() > 1).subquery()
        return sa.select(sa.func.coalesce(sa.func.sum(shared.c.rows_of_key), 0))


class ExpectGroupsToHaveRowCount(RowsMustHold):
    """Every value of the columns has exactly so many rows, such as one per year. Rows of other groups are in breach."""

    columns: list[str]
    rows: int
    argument_names = ("columns", "rows")

    @classmethod
    def holds(cls, arguments, engine):
        raise TypeError("the size of a group is a matter of several rows; see `breaches`")

    @classmethod
    def breaches(cls, table, arguments, engine):
        keys = [sa.column(name) for name in arguments["columns"]]
        groups = sa.select(sa.func.count().label("rows_of_group")).select_from(table).group_by(*keys)
        groups = groups.having(sa.func.count() != arguments["rows"]).subquery()
        return sa.select(sa.func.coalesce(sa.func.sum(groups.c.rows_of_group), 0))


class ExpectColumnTypeToBeDeclared(BatchExpectation):
    """The column's type in the database is of one of the declared kinds: text, integer, number, date, boolean."""

    column: str
    kinds: list[str]
    metric_dependencies: ClassVar[tuple[str, ...]] = (COLUMN_KINDS,)
    KINDS: ClassVar[dict[str, tuple[type, ...]]] = {
        "text": (sa.String,),
        "integer": (sa.Integer,),
        "number": (sa.Numeric, sa.Float),
        "date": (sa.Date,),
        "boolean": (sa.Boolean,),
    }

    def _validate(self, metrics, runtime_configuration=None, execution_engine=None):
        allowed = tuple(kind for name in self.kinds for kind in self.KINDS[name])
        return {"success": isinstance(metrics[COLUMN_KINDS].get(self.column), allowed), "result": {}}


# Published tables ------------------------------------------------------------------------------------------------------


class ExpectNoSpreadsheetFormula(RowsMustHold):
    """No text starts with a character that a spreadsheet would run as a formula: = + - @, a tab, a carriage return."""

    columns: list[str]
    argument_names = ("columns",)

    @classmethod
    def holds(cls, arguments, engine):
        first = [sa.func.substr(sa.column(name), 1, 1) for name in arguments["columns"]]
        return sa.and_(*(sa.or_(c.is_(None), c.not_in(["=", "+", "-", "@", "\t", "\r"])) for c in first))


class ExpectNoDirectIdentifiers(RowsMustHold):
    """No published column is, or holds in its text, what says who a person is.

    By name: none of ``columns`` is one of ``identifiers`` (the source's direct identifiers and record key) or one of the
    usual names for such columns. By value: no text in ``text_columns`` looks like a social security number, a telephone
    number, an e-mail address or a Medi-Cal client index number.
    """

    columns: list[str]
    text_columns: list[str]
    identifiers: list[str]
    argument_names = ("columns", "text_columns", "identifiers")

    USUAL_NAMES: ClassVar[frozenset[str]] = frozenset(
        """ssn socialsecuritynumber firstname lastname middlename fullname patientname membername clientname maidenname
        dateofbirth birthdate dob email emailaddress phone phonenumber telephone fax streetaddress homeaddress
        mailingaddress mrn medicalrecordnumber memberid patientid clientid beneficiaryid cin clientindexnumber medicalid
        driverlicense licensenumber passportnumber accountnumber deviceid ipaddress""".split()  # noqa: SIM905 - a list of words reads best as words
    )
    PATTERNS: ClassVar[dict[str, str]] = {
        "social security number": r"(^|[^0-9])[0-9]{3}-[0-9]{2}-[0-9]{4}([^0-9]|$)",
        "telephone number": r"(^|[^0-9])([(][0-9]{3}[)] ?|[0-9]{3}[-. ])[0-9]{3}[-. ][0-9]{4}([^0-9]|$)",
        "e-mail address": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+[.][A-Za-z]",
        "client index number": r"(^|[^0-9A-Za-z])9[0-9]{7}[A-Z]([^A-Za-z]|$)",
    }

    @classmethod
    def holds(cls, arguments, engine):
        known = {_plain(name) for name in arguments["identifiers"]} | cls.USUAL_NAMES
        if any(_plain(name) in known for name in arguments["columns"]):
            return sa.false()
        return sa.and_(
            sa.true(),
            *(
                sa.or_(sa.column(name).is_(None), sa.not_(_matches(sa.column(name), pattern, engine)))
                for name in arguments["text_columns"]
                for pattern in cls.PATTERNS.values()
            ),
        )


class ExpectNoSmallCountShown(RowsMustHold):
    """A masked table shows no count from 1 to ``threshold`` - 1; a table that is not masked hides none as suppressed.

    ``masked`` is true where the declaration leaves no choice (high-risk populations), else the parameter of the run.
    """

    column: str
    annotation_column: str
    threshold: int
    masked: bool | SuiteParameterDict
    argument_names = ("column", "annotation_column", "threshold", "masked")

    @classmethod
    def holds(cls, arguments, engine):
        count, annotation = sa.column(arguments["column"]), sa.column(arguments["annotation_column"])
        if not isinstance(arguments["masked"], bool):
            raise TypeError("whether the table is masked must be known")
        if arguments["masked"]:
            return sa.or_(count.is_(None), count < 1, count >= arguments["threshold"])
        return sa.or_(annotation.is_(None), annotation.not_in(["1", "2"]))


class ExpectBlankToBeAnnotated(RowsMustHold):
    """A blank has one of the codes that explain a blank; an annotated value is blank (Handbook, Guidelines §3)."""

    column: str
    annotation_column: str
    codes: list[str]
    argument_names = ("column", "annotation_column", "codes")

    @classmethod
    def holds(cls, arguments, engine):
        value, annotation = sa.column(arguments["column"]), sa.column(arguments["annotation_column"])
        return sa.or_(
            sa.and_(value.is_(None), annotation.in_(arguments["codes"])),
            sa.and_(value.is_not(None), _not_annotated(annotation)),
        )


class ExpectZeroToBeShown(RowsMustHold):
    """What is derived from a true zero is shown; a zero identifies no one (DDG 2.0 §4.4.1 (1)).

    ``column`` may be blank beside a ``base`` of zero only for want of data (codes 3, 4, 5), never as suppressed.
    """

    column: str
    base: str
    annotation_column: str
    argument_names = ("column", "base", "annotation_column")

    @classmethod
    def holds(cls, arguments, engine):
        base, annotation = sa.column(arguments["base"]), sa.column(arguments["annotation_column"])
        return sa.or_(base.is_(None), base != 0, annotation.is_(None), annotation.not_in(["1", "2"]))


class ExpectDerivedToBeBlankWithBase(RowsMustHold):
    """A rate, percentage, mean or amount is blank where a figure it is computed from is blank (DDG 2.0 §4.4.1 (3))."""

    column: str
    base: str
    argument_names = ("column", "base")

    @classmethod
    def holds(cls, arguments, engine):
        return sa.or_(sa.column(arguments["base"]).is_not(None), sa.column(arguments["column"]).is_(None))


class ExpectPercentToBeBlankWithTotal(RowsMustHold):
    """A percentage is blank where the total it is a share of is blank: shown, it would give the total away.

    ``totals``: the dimensions of the share and the label of their total; ``dimensions``: the other dimensions.
    """

    column: str
    base: str
    totals: dict[str, str]
    dimensions: list[str]
    argument_names = ("column", "base", "totals", "dimensions")

    @classmethod
    def holds(cls, arguments, engine):
        raise TypeError("a total is another row; see `breaches`")

    @classmethod
    def breaches(cls, table, arguments, engine):
        part = (
            sa.select(*(sa.column(c) for c in (arguments["column"], *arguments["dimensions"])))
            .select_from(table)
            .subquery()
        )
        whole = sa.select(*(sa.column(c) for c in (arguments["base"], *arguments["dimensions"]))).select_from(table)
        whole = whole.where(
            sa.column(arguments["base"]).is_(None), *(sa.column(d) == label for d, label in arguments["totals"].items())
        ).subquery()
        same = [part.c[d].is_not_distinct_from(whole.c[d]) for d in arguments["dimensions"]]
        hidden = sa.exists(sa.select(sa.literal(1)).select_from(whole).where(*same).correlate(part))
        return sa.select(sa.func.count()).select_from(part).where(part.c[arguments["column"]].is_not(None), hidden)


class ExpectWholePercentagesButOne(RowsMustHold):
    """Percentages published in place of counts are whole, and exactly one is blank (DDG 2.0 §4.4).

    Every other blank is in breach; where none is blank, one row is.
    """

    column: str
    argument_names = ("column",)

    @classmethod
    def holds(cls, arguments, engine):
        value = sa.column(arguments["column"])
        return sa.or_(value.is_(None), value == sa.func.floor(value))

    @classmethod
    def breaches(cls, table, arguments, engine):
        broken = sa.func.coalesce(sa.func.sum(sa.case((cls.holds(arguments, engine), 0), else_=1)), 0)
        blanks = sa.func.count() - sa.func.count(sa.column(arguments["column"]))
        return sa.select(broken + sa.func.abs(blanks - 1)).select_from(table)


class ExpectAreaToFollowReference(RowsMustHold):
    """An area's code is text of full length, leading zeros kept, and belongs to the name beside it.

    ``reference`` is a population reference of the project; the row of the ``total`` (None: no total) has no code. With
    ``blanks`` a row may have neither name nor code.
    """

    column: str
    code_column: str
    reference: str
    total: str | None
    blanks: bool = False
    argument_names = ("column", "code_column", "reference", "total", "blanks")

    @classmethod
    def holds(cls, arguments, engine):
        name, code = sa.column(arguments["column"]), sa.column(arguments["code_column"])
        areas = {area.name: area.code for area in population_reference(arguments["reference"]).areas}
        agrees: sa.ColumnElement[bool] = sa.case(areas, value=name) == code
        if arguments["blanks"]:
            agrees = sa.or_(agrees, sa.and_(_blank(name), _blank(code)))
        if arguments["total"] is None:
            return agrees
        return sa.or_(agrees, sa.and_(name == arguments["total"], sa.or_(code.is_(None), code == "")))


class ExpectPointsToLieInside(RowsMustHold):
    """Every point lies inside the outline of an area, which is coarse and generous (``rules/outlines``).

    With ``blanks`` a row may have neither latitude nor longitude; one without the other is always a breach.
    """

    latitude: str
    longitude: str
    area: str
    blanks: bool
    argument_names = ("latitude", "longitude", "area", "blanks")

    @classmethod
    def holds(cls, arguments, engine):
        latitude, longitude = sa.column(arguments["latitude"]), sa.column(arguments["longitude"])
        # A ray to the east crosses the outline an odd number of times when it starts inside.
        crossings = sa.literal_column("0")
        for (lat_a, lon_a), (lat_b, lon_b) in edges(arguments["area"]):
            slope = (lon_b - lon_a) / (lat_b - lat_a)
            crossed = sa.and_(
                latitude >= min(lat_a, lat_b),
                latitude < max(lat_a, lat_b),
                longitude < lon_a + slope * (latitude - lat_a),
            )
            crossings = crossings + sa.case((crossed, 1), else_=0)
        inside = sa.func.mod(crossings, 2) == 1
        if not arguments["blanks"]:
            return inside
        return sa.or_(inside, sa.and_(latitude.is_(None), longitude.is_(None)))


class ExpectFieldToFollowStandard(RowsMustHold):
    """A common field is written as the field standards say: length, form, choices, words left off (Handbook, Guidelines §3).

    ``besides``: further labels that may stand in the column, such as that of the total.
    """

    column: str
    element: str
    besides: list[str] = []
    argument_names = ("column", "element", "besides")

    @classmethod
    def holds(cls, arguments, engine):
        standard = field_standards().field(arguments["element"])
        if standard is None:
            raise KeyError("there is no field standard of this name")
        value = sa.column(arguments["column"])
        rules: list[sa.ColumnElement[bool]] = [sa.true()]
        if standard.max_length is not None:
            rules.append(sa.func.length(value) <= standard.max_length)
        if standard.pattern is not None:
            rules.append(_matches(value, standard.pattern, engine))
        if standard.choices:
            rules.append(value.in_(standard.choices))
        if standard.minimum is not None:
            rules.append(value >= standard.minimum)
        if standard.maximum is not None:
            rules.append(value <= standard.maximum)
        for ending in standard.must_not_end_with:
            last = sa.func.substr(value, sa.func.length(value) - len(ending) + 1)
            rules.append(sa.func.upper(last) != ending.upper())
        return sa.or_(
            value.is_(None),
            value == "" if standard.type == "text" else sa.false(),
            value.in_(arguments["besides"]),
            sa.and_(*rules),
        )


def _blank(column: sa.ColumnClause) -> sa.ColumnElement[bool]:
    return sa.or_(column.is_(None), column == "")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
