"""Quality checks of a report: PASS, WARNING or FAIL, each with the path of the field to look at. Pure.

A FAIL stops the submission, a WARNING is for the valuer and the reviewer to judge. Formats share the ids of
the fields that have a role in a check (``adopted_rate``, ``extent_considered`` …); where a format has no such
field the check is left out. The bounds are those of good practice: totals within 2 % after an override, a
distress value of 60 to 95 % of the fair market value, an adopted rate between the low and the high one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from banks.formats.definition import Field, FormatDefinition, TableKind
from banks.formats.paths import index_fields, is_table_part
from reports.answers import is_empty, is_not_applicable
from reports.calculation.engine import Calculation
from reports.calculation.exact import CONTEXT, HUNDRED
from reports.calculation.numbers import group
from reports.calculation.problems import CalculationProblem
from reports.calculation.totals import headline
from reports.calculation.values import Quantity, read_answer
from reports.facts import find_date
from reports.progress import missing_answers

LEAST_COMPARABLES = 2
TOTAL_TOLERANCE = Decimal(2)
LINE_TOLERANCE = Decimal(1)
DISTRESS_LEAST, DISTRESS_MOST = Decimal(60), Decimal(95)
# Mainland and islands, generously: a swapped or mistyped pair falls outside.
INDIA_LATITUDE = (Decimal(6), Decimal(38))
INDIA_LONGITUDE = (Decimal(68), Decimal(98))


class Level(StrEnum):
    FAIL = "fail"
    WARNING = "warning"
    PASS = "pass"  # noqa: S105 - a result, no password


@dataclass(frozen=True, slots=True)
class Check:
    """One result. ``path`` is that of the field (or cell) to look at, or empty."""

    level: Level
    name: str
    text: str
    path: str = ""
    detail: str = ""


def check_report(
    definition: FormatDefinition,
    answers: Mapping[str, Any],
    calculation: Calculation,
    *,
    today: date,
    photographs: int,
) -> list[Check]:
    """Every check that this format allows, failures first, in the order of the format within a level."""
    subject = _Subject(definition, answers, calculation, today, photographs)
    found = [check for rule in _RULES for check in rule(subject)]
    order = list(Level)
    return sorted(found, key=lambda check: order.index(check.level))


class _Subject:
    """A report as the rules look at it."""

    def __init__(
        self,
        definition: FormatDefinition,
        answers: Mapping[str, Any],
        calculation: Calculation,
        today: date,
        photographs: int,
    ) -> None:
        self.definition = definition
        self.answers = answers
        self.calculation = calculation
        self.today = today
        self.photographs = photographs
        self.index = index_fields(definition)

    def field(self, field_id: str) -> Field | None:
        """The first visible field with this id that is no part of a table."""
        for path, field in self.index.items():
            # One format may ask twice, as of land and of a flat, and shows one of them.
            if (
                field.id == field_id
                and not is_table_part(path, self.index)
                and not self.calculation.is_hidden(path)
            ):
                return field
        return None

    def raw(self, path: str) -> Any:
        found: Any = self.answers
        for key in path.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    def number(self, field: Field | None) -> Decimal | None:
        """The figure of a field, calculated or typed, without its unit; ``None`` while it is not known."""
        if field is None:
            return None
        if field.path in self.calculation.values:
            return self.calculation.values[field.path]
        try:
            value = read_answer(field, self.raw(field.path))
        except CalculationProblem:
            return None
        if isinstance(value, Quantity):
            return value.value
        return value if isinstance(value, Decimal) else None

    def quantity(self, field: Field | None) -> Quantity | None:
        if field is None:
            return None
        try:
            value = read_answer(field, self.raw(field.path))
        except CalculationProblem:
            return None
        return value if isinstance(value, Quantity) else None

    def amount(self, value: Decimal) -> str:
        return group(value, self.definition.grouping)


_Rule = Callable[[_Subject], Iterator[Check]]


def _required(subject: _Subject) -> Iterator[Check]:
    missing = missing_answers(subject.definition, subject.answers, subject.calculation)
    for one in missing:
        yield Check(Level.FAIL, "required", f"{one.label} is not answered", one.path, one.section.label)
    if not missing:
        yield Check(Level.PASS, "required", "Every required question is answered")


def _figures(subject: _Subject) -> Iterator[Check]:
    for path, problem in subject.calculation.problems.items():
        if not subject.calculation.is_hidden(path):
            yield Check(Level.FAIL, "figures", problem, path)


def _dates(subject: _Subject) -> Iterator[Check]:
    names = ("inspection_date", "valuation_date", "report_date")
    found = [find_date(subject.definition, subject.answers, name) for name in names]
    inspection, valuation, report = found
    wrong = False
    if inspection and valuation and inspection > valuation:
        wrong = True
        yield _date_failure(subject, "inspection_date", "The inspection is later than the valuation date")
    if valuation and report and valuation > report:
        wrong = True
        yield _date_failure(subject, "report_date", "The report is dated before the valuation date")
    for name, day in zip(names[:2], found[:2], strict=True):
        if day and day > subject.today:
            wrong = True
            what = "inspection" if name == "inspection_date" else "valuation"
            yield _date_failure(subject, name, f"The {what} date lies in the future")
    if not wrong and all(found):
        yield Check(Level.PASS, "dates", "Inspection, valuation and report follow each other")


def _date_failure(subject: _Subject, field_id: str, text: str) -> Check:
    field = subject.field(field_id)
    return Check(Level.FAIL, "dates", text, field.path if field else "")


def _boundaries(subject: _Subject) -> Iterator[Check]:
    field = subject.field("boundaries")
    if field is None or field.table is None or field.table.kind is not TableKind.FIXED:
        return
    stored = subject.raw(field.path)
    stored = stored if isinstance(stored, Mapping) else {}
    open_sides = [
        row.label
        for row in field.table.rows
        if any(is_empty((stored.get(row.id) or {}).get(c.id)) for c in field.table.columns if c.required)
    ]
    if is_not_applicable(stored):
        return
    if not open_sides:
        yield Check(Level.PASS, "boundaries", "Boundaries on four sides")
    elif len(open_sides) < len(field.table.rows):
        sides = ", ".join(open_sides)
        yield Check(Level.WARNING, "boundaries", f"No boundary yet: {sides}", field.path)


def _extent(subject: _Subject) -> Iterator[Check]:
    considered = subject.field("extent_considered")
    extent = subject.number(considered)
    if considered is None or extent is None:
        return
    if extent <= 0:
        yield Check(Level.FAIL, "extent", "The extent considered must be above zero", considered.path)
        return
    sides = [subject.quantity(subject.field(name)) for name in ("extent_deed", "extent_actual")]
    try:
        areas = [side.converted("sq_ft") for side in sides if side is not None]
    except CalculationProblem:
        return
    if len(areas) < 2:
        return
    if extent > min(areas):
        text = "The extent considered is above the lesser of deed and actual"
        yield Check(Level.WARNING, "extent", text, considered.path)
    else:
        yield Check(Level.PASS, "extent", "The extent considered is the lesser of deed and actual")


def _rates(subject: _Subject) -> Iterator[Check]:
    adopted_field = subject.field("adopted_rate")
    adopted = subject.number(adopted_field)
    if adopted_field is None or adopted is None:
        return
    building_field = subject.field("building_rate")
    building = subject.number(building_field)
    if building_field is not None and building is not None and building > adopted:
        text = "The rate of building and services is above the adopted rate; nothing is left for the land"
        yield Check(Level.FAIL, "rates", text, building_field.path)
    low, high = (subject.number(subject.field(name)) for name in ("market_rate_low", "market_rate_high"))
    if low is not None and high is not None and low > high:
        field = subject.field("market_rate_low")
        yield Check(
            Level.FAIL, "rates", "The low market rate is above the high one", field.path if field else ""
        )
    elif high is not None and adopted > high:
        text = f"The adopted rate is above the market range, {subject.amount(high)} at most"
        yield Check(Level.WARNING, "rates", text, adopted_field.path)
    elif low is not None and adopted < low:
        text = f"The adopted rate is below the market range, {subject.amount(low)} at least"
        yield Check(Level.WARNING, "rates", text, adopted_field.path)
    elif low is not None and high is not None:
        yield Check(Level.PASS, "rates", "The adopted rate lies within the market range")
    guideline = subject.number(subject.field("guideline_rate"))
    if guideline is not None and adopted < guideline:
        text = "The adopted rate is below the guideline rate; say why"
        yield Check(Level.WARNING, "guideline", text, adopted_field.path)
    elif guideline is not None:
        yield Check(Level.PASS, "guideline", "The adopted rate is not below the guideline rate")


def _comparables(subject: _Subject) -> Iterator[Check]:
    field = subject.field("comparables")
    if field is None:
        return
    stored = subject.raw(field.path)
    count = len(stored) if isinstance(stored, list) else 0
    if is_not_applicable(stored):
        return
    if count >= LEAST_COMPARABLES:
        yield Check(Level.PASS, "comparables", f"{count} comparables")
    else:
        given = {0: "No comparable", 1: "One comparable"}[count]
        yield Check(Level.WARNING, "comparables", f"{given}; the bank asks for two", field.path)


def _overrides(subject: _Subject) -> Iterator[Check]:
    """Figures typed over computed ones: totals within 2 %, lines within 1 %."""
    calculation = subject.calculation
    totals = set(subject.definition.headline.values())
    far = False
    for path in sorted(calculation.overridden):
        computed, typed = calculation.computed.get(path), calculation.values.get(path)
        if computed is None or typed is None or not computed:
            continue
        off = CONTEXT.divide(CONTEXT.multiply(abs(typed - computed), HUNDRED), abs(computed))
        limit = TOTAL_TOLERANCE if path in totals else LINE_TOLERANCE
        if off > limit:
            far = True
            label = subject.index[path].label if path in subject.index else "A figure"
            shown = f"{subject.amount(computed)}, {group(off, places=1)} % off"
            text = f"{label} is typed over the computed {shown}"
            yield Check(Level.WARNING, "overrides", text, path)
    if calculation.overridden and not far:
        yield Check(Level.PASS, "overrides", "Figures typed over computed ones are close to them")


def _distress(subject: _Subject) -> Iterator[Check]:
    figures = headline(subject.definition, subject.calculation)
    market, distress = figures.get("fair_market_value"), figures.get("distress_value")
    if not market or distress is None:
        return
    share = CONTEXT.divide(CONTEXT.multiply(distress, HUNDRED), market)
    shown = f"{group(share, places=0)} %"
    path = subject.definition.headline["distress_value"]
    if DISTRESS_LEAST <= share <= DISTRESS_MOST:
        yield Check(Level.PASS, "distress", f"The distress value is {shown} of the fair market value")
    else:
        text = f"The distress value is {shown} of the fair market value; 60 to 95 % is usual"
        yield Check(Level.WARNING, "distress", text, path)


def _value(subject: _Subject) -> Iterator[Check]:
    path = subject.definition.headline.get("fair_market_value")
    if path is None:
        # An imported format may say of no figure that it is the value; its reports are written all the same.
        yield Check(Level.WARNING, "value", "The format does not say which figure is the fair market value")
        return
    market = subject.calculation.values.get(path)
    if market is None or market <= 0:
        yield Check(Level.FAIL, "value", "There is no fair market value yet", path)


def _building(subject: _Subject) -> Iterator[Check]:
    """Land alone has no building; a building has floors with a value."""
    built = subject.field("building_constructed")
    floors = next((f for f in subject.index.values() if f.id == "floors" and f.table is not None), None)
    if built is None or floors is None:
        return
    answer = subject.raw(built.path)
    rows = subject.raw(floors.path)
    count = len(rows) if isinstance(rows, list) else 0
    if answer == "yes" and not count:
        yield Check(Level.FAIL, "building", "A building stands there, but no floor is valued", floors.path)
    elif answer == "yes":
        yield Check(Level.PASS, "building", f"{count} {'floor' if count == 1 else 'floors'} valued")
    elif answer == "no" and count:
        text = "Valued as vacant land; the floors entered before are kept but do not count"
        yield Check(Level.WARNING, "building", text, built.path)


def _photographs(subject: _Subject) -> Iterator[Check]:
    count = subject.photographs
    if count:
        yield Check(Level.PASS, "photographs", f"{count} {'photograph' if count == 1 else 'photographs'}")
    else:
        yield Check(Level.WARNING, "photographs", "No photograph yet")


def _coordinates(subject: _Subject) -> Iterator[Check]:
    latitude_field, longitude_field = subject.field("latitude"), subject.field("longitude")
    latitude, longitude = subject.number(latitude_field), subject.number(longitude_field)
    if latitude_field is None or longitude_field is None or latitude is None or longitude is None:
        return
    if not INDIA_LATITUDE[0] <= latitude <= INDIA_LATITUDE[1]:
        yield Check(Level.WARNING, "coordinates", "The latitude lies outside India", latitude_field.path)
    elif not INDIA_LONGITUDE[0] <= longitude <= INDIA_LONGITUDE[1]:
        yield Check(Level.WARNING, "coordinates", "The longitude lies outside India", longitude_field.path)
    else:
        yield Check(Level.PASS, "coordinates", "The coordinates lie inside India")


_RULES: tuple[_Rule, ...] = (
    _figures,
    _dates,
    _required,
    _value,
    _boundaries,
    _extent,
    _rates,
    _comparables,
    _overrides,
    _building,
    _distress,
    _coordinates,
    _photographs,
)
