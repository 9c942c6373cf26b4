"""What a figure is measured in, and what becomes of that when figures meet. The same rules twice over:
for the figures of a report while they are worked out, and for the fields of a format before any report.

======================  ==================================================================================
``a + b``, ``a - b``    the same unit on both sides keeps it; two units are a problem; a plain figure
                        beside a measure takes on its unit
``a * b``               rate per unit × measure in that unit: a plain figure (money);
                        rate × measure in another unit: a problem; length × length of one unit: an area;
                        measure × a number written in the formula: the measure;
                        anything else: a plain figure, because nobody can say what it is
``a / b``               measure ÷ the same unit: a plain figure; ÷ another unit: a problem; measure ÷ a
                        number written in the formula: the measure; anything else: a plain figure
======================  ==================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reports.calculation import units
from reports.calculation.problems import UnitProblem

# Two sides of one unit make this area; a square of kilometres is no unit here.
_SQUARES = {"ft": "sq_ft", "m": "sq_m"}
# A unit that is chosen in the report has no name yet: "@" and the path of the field that chooses it.
CHOSEN = "@"


@dataclass(frozen=True, slots=True)
class Tag:
    """In ``unit``, or (``rate``) for one of ``unit``."""

    unit: str
    rate: bool = False

    def __str__(self) -> str:
        if self.unit.startswith(CHOSEN):
            name = f"the unit chosen in {self.unit.removeprefix(CHOSEN)}"
        else:
            name = units.label(self.unit)
        return f"a rate per {name}" if self.rate else name

    @property
    def is_open(self) -> bool:
        return self.unit.startswith(CHOSEN)


def of_unit(unit: str | None, *, rate: bool = False) -> Tag | None:
    """The tag of a unit that the calculation knows; other units (years, %) are words to print."""
    return Tag(unit, rate) if unit in units.UNITS and unit is not None else None


def _differ(first: Tag, second: Tag) -> bool:
    """Whether the units are two for certain; a chosen one may turn out to be the other."""
    return first.unit != second.unit and not (first.is_open or second.is_open)


def added(first: Tag | None, second: Tag | None, names: tuple[str, str]) -> Tag | None:
    if first is None or second is None or first == second:
        return first or second
    if first.rate is not second.rate or _differ(first, second):
        raise UnitProblem(
            f"{names[0]} is {_in(first)} and {names[1]} is {_in(second)}; these cannot be added, subtracted "
            f"or compared.{_way_out(first, second)}"
        )
    return second if first.is_open else first


def together(tags: Iterable[tuple[Tag | None, str]]) -> Tag | None:
    """The one unit of figures that are summed or compared; ``(tag, name)`` of each."""
    result: Tag | None = None
    known = ""
    for tag, name in tags:
        result = added(result, tag, (known, name))
        if tag is not None and not known:
            known = name
    return result


def multiplied(
    first: Tag | None, second: Tag | None, names: tuple[str, str], pure: tuple[bool, bool]
) -> Tag | None:
    """``pure`` tells which side is made of numbers written in the formula alone."""
    if first is None or second is None:
        return first if pure[1] else second if pure[0] else None
    if first.rate is not second.rate:
        if _differ(first, second):
            rate, measure = (0, 1) if first.rate else (1, 0)
            tags = (first, second)
            raise UnitProblem(
                f"{names[rate]} is {tags[rate]} and {names[measure]} is in {tags[measure]}; "
                f"turn the area into {units.label(tags[rate].unit)} with "
                f'area_in({names[measure]}, "{tags[rate].unit}").'
            )
        return None
    if not first.rate and _is_length(first) and _is_length(second):
        if _differ(first, second):
            raise UnitProblem(
                f"{names[0]} is in {first} and {names[1]} is in {second}; ask for both sides in one unit."
            )
        area = _SQUARES.get(first.unit)
        return Tag(area) if area else None
    return None


def divided(
    first: Tag | None, second: Tag | None, names: tuple[str, str], pure: tuple[bool, bool]
) -> Tag | None:
    if second is None:
        return first if pure[1] else None
    if first is None or first.rate is not second.rate:
        return None
    if _same_dimension(first, second) and _differ(first, second):
        raise UnitProblem(
            f"{names[0]} is {_in(first)} and {names[1]} is {_in(second)}; a share needs one "
            f"unit.{_way_out(first, second)}"
        )
    return None


def _in(tag: Tag) -> str:
    return str(tag) if tag.rate else f"in {tag}"


def _way_out(first: Tag, second: Tag) -> str:
    if first.rate or second.rate or _is_length(first) or _is_length(second):
        return ""
    return f' Turn one into the other with area_in(…, "{first.unit if not first.is_open else second.unit}").'


def _is_length(tag: Tag) -> bool:
    return tag.unit in units.LENGTH_UNITS


def _same_dimension(first: Tag, second: Tag) -> bool:
    return _is_length(first) is _is_length(second)
