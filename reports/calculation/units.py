"""Units of area (and of length), their spellings, and exact conversion between them.

The factors are the published ones of the Indian land measures: square feet in one unit. A bigha, biswa, katha
or dhur differs from state to state, so it has no factor here: the caller supplies a table keyed by
``(unit, state)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from reports.calculation.exact import CONTEXT
from reports.calculation.problems import UnitProblem


@dataclass(frozen=True, slots=True)
class Unit:
    """``factor`` is how many base units (sq ft for an area, ft for a length) make one; by state: none."""

    id: str
    label: str
    dimension: str
    factor: Decimal | None
    spellings: tuple[str, ...] = ()


def _area(unit_id: str, label: str, factor: str, *spellings: str) -> Unit:
    return Unit(unit_id, label, "area", Decimal(factor), spellings)


def _length(unit_id: str, label: str, factor: str, *spellings: str) -> Unit:
    return Unit(unit_id, label, "length", Decimal(factor), spellings)


def _by_state(unit_id: str, label: str, *spellings: str) -> Unit:
    return Unit(unit_id, label, "area", None, spellings)


_UNITS = (
    _area("sq_ft", "sq ft", "1", "sqft", "sft", "ft2", "square feet", "square foot", "sq feet", "sq foot"),
    _area(
        "sq_m", "sq m", "10.76391042",
        "sqm", "sqmt", "sqmtr", "m2", "sq mt", "sq mtr", "sq mtrs", "sq metre", "sq metres", "sq meter",
        "sq meters", "square metre", "square metres", "square meter", "square meters",
    ),
    _area(
        "sq_yd", "sq yd", "9",
        "sqyd", "sqyds", "sq yds", "sq yard", "sq yards", "square yard", "square yards", "yd2",
    ),
    _area("gaj", "gaj", "9", "gajam", "gaz"),
    _area("acre", "acre", "43560", "acres", "ac"),
    _area("hectare", "hectare", "107639.1042", "hectares", "ha"),
    _area("are", "are", "1076.391042", "ares"),
    _area("cent", "cent", "435.6", "cents"),
    _area("decimal", "decimal", "435.6", "decimals", "dismil"),
    _area("guntha", "guntha", "1089", "gunthas", "gunta", "guntas"),
    _area("ground", "ground", "2400", "grounds"),
    _area("ankanam", "ankanam", "72", "ankanams"),
    _area("marla", "marla", "272.25", "marlas"),
    _area("kanal", "kanal", "5445", "kanals"),
    _by_state("bigha", "bigha", "bighas"),
    _by_state("biswa", "biswa", "biswas"),
    _by_state("katha", "katha", "kathas", "kattha", "cottah"),
    _by_state("dhur", "dhur", "dhurs"),
    _length("ft", "ft", "1", "foot", "feet"),
    # 1 ft is 0.3048 m by definition; 28 digits keep the way there and back exact to any use.
    _length("m", "m", "3.280839895013123359580052493", "metre", "metres", "meter", "meters", "mtr", "mtrs"),
    _length("km", "km", "3280.839895013123359580052493", "kilometre", "kilometres", "kms"),
)  # fmt: skip

UNITS: Mapping[str, Unit] = {unit.id: unit for unit in _UNITS}
AREA_UNITS = frozenset(unit.id for unit in _UNITS if unit.dimension == "area")
LENGTH_UNITS = frozenset(unit.id for unit in _UNITS if unit.dimension == "length")


def _plain_spelling(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter not in " ._-")


_SPELLINGS: Mapping[str, str] = {
    _plain_spelling(spelling): unit.id
    for unit in _UNITS
    for spelling in (unit.id, unit.label, *unit.spellings)
}


def find_unit(text: str) -> str | None:
    """The id of the unit that a person spelt (``Sq. Mtr.`` → ``sq_m``), or ``None``."""
    return _SPELLINGS.get(_plain_spelling(text))


def label(unit_id: str) -> str:
    """How the unit is printed after a figure; an unknown id is printed as words."""
    known = UNITS.get(unit_id)
    return known.label if known else unit_id.replace("_", " ")


def for_state(table: Mapping[tuple[str, str], Decimal], state: str) -> dict[str, Decimal]:
    """The part of a ``(unit, state) → sq ft`` table that holds in one state, keyed by unit."""
    return {unit: factor for (unit, where), factor in table.items() if where == state}


def factor_of(unit_id: str, local_units: Mapping[str, Decimal] | None = None) -> Decimal:
    """Base units in one ``unit_id``; ``local_units`` holds sq ft for the units that differ by state."""
    unit = UNITS.get(unit_id)
    if unit is None:
        raise UnitProblem(f"“{unit_id}” is not a unit that is known here; choose one of the list.")
    factor = unit.factor if unit.factor is not None else (local_units or {}).get(unit_id)
    if factor is None:
        raise UnitProblem(
            f"One {unit.label} differs from state to state and no size is set for this state; "
            "give the area in another unit."
        )
    if not factor.is_finite() or factor <= 0:
        raise UnitProblem(f"The size set for one {unit.label} must be above zero.")
    return factor


def convert(
    value: Decimal,
    from_unit: str,
    to_unit: str,
    *,
    local_units: Mapping[str, Decimal] | None = None,
) -> Decimal:
    """``value`` in ``from_unit`` expressed in ``to_unit``, unrounded.

    Raises ``UnitProblem`` for an unknown unit, an area into a length, or a by-state unit without size.
    """
    source, target = factor_of(from_unit, local_units), factor_of(to_unit, local_units)
    if UNITS[from_unit].dimension != UNITS[to_unit].dimension:
        raise UnitProblem(f"{label(from_unit)} cannot be turned into {label(to_unit)}.")
    if source == target:
        return value
    return CONTEXT.divide(CONTEXT.multiply(value, source), target)
