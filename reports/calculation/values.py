"""What a name in a formula or condition can stand for, and how a stored answer becomes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from banks.formats.definition import Field, FieldType, Lookup
from reports.calculation import tags, units
from reports.calculation.exact import CONTEXT, ZERO, fits, plain_decimal
from reports.calculation.problems import FormulaProblem, NumberProblem
from reports.calculation.tags import Tag

_PLAIN_NUMBERS = frozenset({FieldType.NUMBER, FieldType.DECIMAL, FieldType.CURRENCY, FieldType.CALCULATED})


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure with its unit. ``sole``: the field admits no other unit, so the bare figure is unambiguous.

    ``rate``: the figure is for one of the unit, such as rupees per square foot.
    """

    value: Decimal
    unit: str
    sole: bool
    # The size of a unit that differs by state, in sq ft, where the caller knows it.
    local_units: Mapping[str, Decimal] | None = None
    rate: bool = False

    @property
    def tag(self) -> Tag:
        return Tag(self.unit, self.rate)

    def converted(self, to_unit: str) -> Decimal:
        return units.convert(self.value, self.unit, to_unit, local_units=self.local_units)


@dataclass(frozen=True, slots=True)
class Failure:
    """In place of a value that could not be had; ``label`` names the field that has to be put right."""

    label: str

    def raise_consequence(self) -> None:
        raise FormulaProblem(f"This waits for “{self.label}”, which has to be put right first.")


@dataclass(frozen=True, slots=True)
class Column:
    """The cells of one column, in order.

    ``has_total``: the format shows its sum, so that the column's name alone means that sum.
    """

    cells: tuple[Value, ...]
    has_total: bool = False


Value: TypeAlias = "Decimal | str | bool | Quantity | Column | Lookup | Failure | tuple[str, ...] | None"


def as_number(value: Value, name: str = "this") -> Decimal | None:
    """The Decimal that arithmetic uses; ``None`` for an empty value. Raises ``FormulaProblem`` otherwise."""
    if value is None or type(value) is Decimal:
        return value
    if isinstance(value, Quantity):
        if value.sole:
            return value.value
        raise FormulaProblem(f"{name} may come in several units; turn it into one with area_in.")
    if isinstance(value, str):
        number = plain_decimal(value)
        if number is not None:
            return number
        raise FormulaProblem(f"{name} holds the text “{value[:40]}”, where a number is needed.")
    if isinstance(value, Column):
        if value.has_total:
            return total(value.cells)
        raise FormulaProblem(f"{name} is a whole column; use sum, min, max or count.")
    if isinstance(value, Failure):
        value.raise_consequence()
    raise FormulaProblem(f"{name} is not a number.")


def measured(value: Value, name: str = "this") -> tuple[Decimal | None, Tag | None]:
    """``as_number`` and what the figure is measured in, where that is known."""
    if value is None or type(value) is Decimal:
        return value, None
    return as_number(value, name), tag_of(value, name)


def tag_of(value: Value, name: str = "this") -> Tag | None:
    """What a value is measured in; of a column, what its cells are. Raises ``UnitProblem`` for two units."""
    if isinstance(value, Quantity):
        return value.tag
    if isinstance(value, Column):
        return tags.together((cell.tag, name) for cell in value.cells if isinstance(cell, Quantity))
    return None


def tagged(number: Decimal | None, tag: Tag | None) -> Decimal | Quantity | None:
    """The figure with its unit, where it has one."""
    if number is None or tag is None:
        return number
    return Quantity(number, tag.unit, sole=True, rate=tag.rate)


def total(cells: Sequence[Value]) -> Decimal:
    """The sum of what is filled; zero when nothing is."""
    result = ZERO
    for cell in cells:
        number = as_number(cell)
        if number is not None:
            result = CONTEXT.add(result, number)
    return result


def is_not_applicable(raw: Any) -> bool:
    return isinstance(raw, Mapping) and raw.get("not_applicable") is True


def read_answer(field: Field, raw: Any, local_units: Mapping[str, Decimal] | None = None) -> Value:
    """The value of one stored answer; ``None`` where it is empty or not applicable.

    Raises ``NumberProblem`` when a numeric field holds no canonical number or a measure lacks its unit.
    """
    if raw is None or raw == "" or is_not_applicable(raw):
        return None
    if field.type in _PLAIN_NUMBERS:
        return with_unit(field, _stored_number(raw))
    if field.type is FieldType.NUMBER_WITH_UNIT:
        return _measure(field, raw, local_units)
    if isinstance(raw, bool | str):
        return raw
    if isinstance(raw, list | tuple):
        return tuple(item for item in raw if isinstance(item, str)) or None
    return None


def with_unit(field: Field, number: Decimal | None) -> Decimal | Quantity | None:
    """A bare figure as a quantity where the field says in which unit it is, or per which."""
    return tagged(number, declared_tag(field))


def declared_tag(field: Field) -> Tag | None:
    """The unit of area or length of a field's figures, or what its rates are per, where that is fixed."""
    if field.per is not None:
        return tags.of_unit(field.per, rate=True)
    return tags.of_unit(field.unit)


def allowed_units(field: Field) -> tuple[str, ...]:
    """The units that an answer to this field may have."""
    return field.units or ((field.unit,) if field.unit else ())


def _stored_number(raw: Any) -> Decimal:
    number: Decimal | None = None
    if isinstance(raw, str):
        number = plain_decimal(raw)
    elif isinstance(raw, Decimal | int) and not isinstance(raw, bool):
        number = Decimal(raw)
    if number is None or not fits(number):
        raise NumberProblem("The answer is not a number; write digits, for example 14,72,625.")
    return number


def _measure(field: Field, raw: Any, local_units: Mapping[str, Decimal] | None) -> Value:
    allowed = allowed_units(field)
    value, unit = (raw.get("value"), raw.get("unit")) if isinstance(raw, Mapping) else (raw, None)
    if value is None or value == "":
        return None
    if not unit and len(allowed) == 1:
        unit = allowed[0]
    if not isinstance(unit, str) or not unit:
        raise NumberProblem("The figure has no unit; choose one.")
    return Quantity(_stored_number(value), unit, sole=len(allowed) <= 1, local_units=local_units)
