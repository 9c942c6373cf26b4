"""Old answers as the answers that ours store: exact where that is certain, refused where it is not. Pure.

The shapes are those of ``banks.formats.definition``. What does not fit raises Unfit with a sentence; nothing
is guessed: ``"12,34,567.00"`` and ``"Rs. 42 Lac"`` are numbers, ``"about 40"`` is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from bson import Binary, Decimal128, Int64, ObjectId
from bson.datetime_ms import DatetimeMS

from banks.formats.definition import Field, FieldType
from banks.legacy.units import find_unit
from reports.answers import NOT_APPLICABLE
from reports.calculation.numbers import canonical, parse_number
from reports.calculation.problems import NumberProblem
from reports.calculation.values import allowed_units

_NOT_GIVEN = frozenset({"na", "n/a", "n.a.", "n.a", "not applicable"})
_DATES = ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%d %b %Y", "%d %B %Y", "%Y/%m/%d", "%d-%b-%Y")
_EARLIEST, _LATEST = date(1800, 1, 1), date(2200, 12, 31)
# No font prints them and no page takes them; line ends and tabs stay.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TRUE = frozenset({"true", "yes", "on", "y", "1", "checked"})
_FALSE = frozenset({"false", "no", "off", "n", "0", "unchecked"})
_VALUE_KEYS = ("value", "amount", "number", "figure")
_UNIT_KEYS = ("unit", "units", "uom")
# Seconds since 1970 below this, milliseconds above; and no later than the year 2200.
_MOST_SECONDS, _MOST_EPOCH, _FIRST_EPOCH = 10**10, 7_258_118_400_000, 315_532_800
_LONGEST_TEXT = 20_000


class Unfit(ValueError):
    """An old value that is no answer to the question; the message says why."""


@dataclass(slots=True)
class Around:
    """What is known around a field. ``told`` gets a sentence for each value that was changed on its way.

    ``choices``: source of options → (code, other names of it); ``files``: old id of a file → ours.
    """

    zone: tzinfo = UTC
    choices: Mapping[str, Sequence[tuple[str, frozenset[str]]]] = field(default_factory=dict)
    option_values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


def is_nothing(value: Any) -> bool:
    """Whether the old system stored no answer."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, Mapping | list | tuple):
        parts = value.values() if isinstance(value, Mapping) else value
        return all(is_nothing(part) for part in parts)
    return value is None


def typed(question: Field, value: Any, around: Around) -> Any:
    """The answer that ours stores for one field that is no group and no table. Raises Unfit."""
    if is_nothing(value):
        return None
    said_nothing = isinstance(value, str) and value.strip().casefold() in _NOT_GIVEN
    if said_nothing and question.not_applicable and question.type is not FieldType.TEXTAREA:
        return dict(NOT_APPLICABLE)
    if question.type is FieldType.NUMBER_WITH_UNIT:
        return _measure(question, value, around)
    if question.is_numeric:
        return _figure(question, value, around)
    reader = {
        FieldType.DATE: _date,
        FieldType.CHECKBOX: _truth,
        FieldType.SELECT: _choice,
        FieldType.RADIO: _choice,
        FieldType.SELECT_DYNAMIC: _dynamic,
        FieldType.MULTISELECT: _several,
        FieldType.FILE: _file,
    }.get(question.type, _text)
    return reader(question, value, around)


def result(question: Field, value: Any, around: Around) -> Any:
    """As ``typed``, for what ours computes: a float is given to its last digit, to be compared."""
    try:
        return typed(question, value, around)
    except Unfit:
        if not isinstance(value, float) or not 1e-40 < abs(value) < 1e18:
            raise
        return canonical(_decimal(value))


# Text ---------------------------------------------------------------------------------------------------


def _text(question: Field, value: Any, around: Around) -> str:
    text = _as_text(value)
    cleaned = _UNPRINTABLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n").strip()
    if question.type is not FieldType.TEXTAREA:
        cleaned = " ".join(cleaned.split())
    if _UNPRINTABLE.search(text):
        around.told.append("Characters that nothing prints were left out.")
    if len(cleaned) > _LONGEST_TEXT:
        raise Unfit(f"The text has {len(cleaned):,} characters; at most {_LONGEST_TEXT:,} are kept.")
    if not cleaned:
        raise Unfit("The text has no character that can be printed.")
    return cleaned.encode("utf-8", "replace").decode()


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        raise Unfit("It is yes or no, where the question asks for text.")
    if isinstance(value, int | float | Decimal | Decimal128):
        return canonical(_decimal(value))
    if isinstance(value, datetime | ObjectId):
        return value.isoformat() if isinstance(value, datetime) else str(value)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(part.strip() for part in value if part.strip())
    raise Unfit(f"It is {_kind(value)}, where the question asks for text.")


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a group of values"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bytes | Binary):
        return "binary data"
    return f"of the type {type(value).__name__}"


# Figures ------------------------------------------------------------------------------------------------


def _decimal(value: Any) -> Decimal:
    try:
        if isinstance(value, Decimal128):
            found = value.to_decimal()
        elif isinstance(value, float):
            found = Decimal(repr(value))
        else:
            found = Decimal(int(value) if isinstance(value, Int64) else value)
    except (InvalidOperation, ValueError, TypeError):
        raise Unfit("It is no number.") from None
    if not found.is_finite():
        raise Unfit("It is no number that can be written.")
    return found


def _figure(question: Field, value: Any, around: Around) -> str:
    if isinstance(value, Mapping):
        value, unit = _parts(value)
        if unit and unit not in allowed_units(question) and unit != question.unit:
            raise Unfit(f"The figure is in {unit}, which the question has no room for.")
    own = "percent" if question.unit == "%" else question.unit
    number, _ = _number(value, own, allowed_units(question), around)
    return canonical(number)


def _measure(question: Field, value: Any, around: Around) -> dict[str, str]:
    units = allowed_units(question)
    unit: str | None = None
    if isinstance(value, Mapping):
        value, unit = _parts(value)
        if is_nothing(value):
            raise Unfit("There is a unit and no figure.")
        if unit and unit not in units:
            raise Unfit(f"The unit “{unit[:24]}” is none of those that the question offers.")
    number, found = _number(value, unit or None, units, around)
    if unit and found != unit:
        raise Unfit(f"The figure says {found} and the unit beside it {unit}.")
    # A sole unit is no guess; of several the old system never said which it meant.
    unit = unit or found or (units[0] if len(units) == 1 else None)
    if unit is None:
        raise Unfit("The figure stands without its unit, and the question offers several.")
    return {"value": canonical(number), "unit": unit}


def _parts(value: Mapping[str, Any]) -> tuple[Any, str]:
    """Figure and unit of ``{"value": …, "unit": …}`` in any of its spellings."""
    known = {*_VALUE_KEYS, *_UNIT_KEYS}
    if not value or not set(value) <= known:
        raise Unfit("It is a group of values, where the question asks for one figure.")
    figure = next((value[key] for key in _VALUE_KEYS if key in value), None)
    unit = next((value[key] for key in _UNIT_KEYS if key in value), "")
    spelt = unit if isinstance(unit, str) else ""
    return figure, (find_unit(spelt) or spelt.strip()) if spelt else ""


def _number(value: Any, own: str | None, units: Sequence[str], around: Around) -> tuple[Decimal, str | None]:
    if isinstance(value, bool):
        raise Unfit("It is yes or no, where the question asks for a number.")
    if isinstance(value, str):
        try:
            parsed = parse_number(value, own, units)
        except NumberProblem as problem:
            raise Unfit(str(problem)) from None
        if value.strip() != canonical(parsed.value):
            around.told.append(f"“{value.strip()[:40]}” is kept as the number {canonical(parsed.value)}.")
        return parsed.value, parsed.unit
    if not isinstance(value, int | float | Decimal | Decimal128):
        raise Unfit(f"It is {_kind(value)}, where the question asks for a number.")
    number = _decimal(value)
    if number.adjusted() > 40 or number.adjusted() < -40:
        raise Unfit("The number is far too large or too fine to be meant.")
    try:
        # The same bounds as for what people type.
        return parse_number(canonical(number)).value, own
    except NumberProblem as problem:
        raise Unfit(str(problem)) from None


# Dates, choices, files ----------------------------------------------------------------------------------


def _date(question: Field, value: Any, around: Around) -> str:
    day = day_of(value, around.zone)
    if day is None:
        shown = f"“{value[:24]}”" if isinstance(value, str) else _kind(value)
        raise Unfit(f"{shown} is no date.")
    if not _EARLIEST <= day <= _LATEST:
        raise Unfit(f"The year {day.year} cannot be right.")
    if value != day.isoformat():
        around.told.append(f"“{str(value)[:40]}” is kept as the day {day.isoformat()}.")
    return day.isoformat()


def day_of(value: Any, zone: tzinfo) -> date | None:
    """The day that a value says: a time that knows its zone is the day it was in ``zone``."""
    if isinstance(value, str):
        for form in _DATES:
            try:
                return datetime.strptime(value.strip(), form).date()  # noqa: DTZ007 - a day has no zone
            except ValueError:
                continue
    if isinstance(value, str) and len(value.strip()) < 10:
        return None
    moment = moment_of(value)
    if moment is None:
        return None
    naive = isinstance(value, str) and _parsed(value) is not None and _parsed(value).tzinfo is None  # type: ignore[union-attr]
    try:
        return moment.date() if naive else moment.astimezone(zone).date()
    except (OverflowError, ValueError):
        return None


def moment_of(value: Any) -> datetime | None:
    """A point in time, in UTC, to the millisecond: of a date, ISO text, or (milli)seconds since 1970.

    What has no zone is UTC, as the old system wrote it.
    """
    found: datetime | None = None
    if isinstance(value, DatetimeMS):
        value = int(value)
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, str):
        found = _parsed(value)
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST_EPOCH:
        seconds = value / 1000 if abs(value) >= _MOST_SECONDS else float(value)
        # Before 1980 it is no moment of this system, but some other number.
        if seconds >= _FIRST_EPOCH:
            found = datetime.fromtimestamp(seconds, UTC)
    if found is None:
        return None
    try:
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def _truth(question: Field, value: Any, around: Around) -> bool:
    if isinstance(value, bool):
        return value
    said = str(value).strip().casefold() if isinstance(value, str | int) else ""
    if said in _TRUE or said in _FALSE:
        around.told.append(f"“{said}” is kept as {'yes' if said in _TRUE else 'no'}.")
        return said in _TRUE
    raise Unfit("It is neither yes nor no.")


def _choice(question: Field, value: Any, around: Around) -> str:
    if isinstance(value, Mapping) and "value" in value and set(value) <= {"value", "label"}:
        value = value["value"]
    if isinstance(value, bool):
        spelt = "true" if value else "false"
        value = spelt if any(one.value == spelt for one in question.options) else "yes" if value else "no"
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = canonical(_decimal(value))
    if not isinstance(value, str):
        raise Unfit(f"It is {_kind(value)}, where the question asks for one of its choices.")
    said = value.strip()
    changed = around.option_values.get(question.path, {}).get(said)
    values = {option.value for option in question.options}
    if changed is not None and changed in values:
        return changed
    if said in values:
        return said
    plain = said.casefold()
    fitting = {o.value for o in question.options if plain in (o.label.casefold(), o.value.casefold())}
    if len(fitting) == 1:
        found = fitting.pop()
        around.told.append(f"“{said[:40]}” is kept as the choice “{found}”.")
        return found
    raise Unfit(f"“{said[:40]}” is none of the choices that the question offers.")


def _several(question: Field, value: Any, around: Around) -> list[str] | None:
    parts = (
        value
        if isinstance(value, list | tuple)
        else str(value).split(",")
        if isinstance(value, str)
        else None
    )
    if parts is None:
        raise Unfit(f"It is {_kind(value)}, where the question asks for some of its choices.")
    chosen = {_choice(question, part, around) for part in parts if not is_nothing(part)}
    return [option.value for option in question.options if option.value in chosen] or None


def _dynamic(question: Field, value: Any, around: Around) -> str:
    if isinstance(value, Mapping):
        value = next(
            (value[key] for key in ("value", "branchId", "branch_id", "code", "id") if key in value), None
        )
    if not isinstance(value, str):
        raise Unfit(f"It is {_kind(value)}, where the question asks for one of a list.")
    said = value.strip()
    known = around.choices.get(question.options_source or "", ())
    fitting = [code for code, _ in known if code == said]
    fitting = fitting or [code for code, names in known if said.casefold() in names]
    if len(fitting) == 1:
        if fitting[0] != said:
            around.told.append(f"“{said[:40]}” is kept as “{fitting[0]}”.")
        return fitting[0]
    if fitting:
        raise Unfit(f"“{said[:40]}” may be any of {', '.join(sorted(fitting)[:4])}.")
    raise Unfit(f"“{said[:40]}” is not in the list that the question offers.")


def _file(question: Field, value: Any, around: Around) -> str:
    if isinstance(value, list | tuple):
        named = [one for one in value if not is_nothing(one)]
        if len(named) > 1:
            raise Unfit(f"It names {len(named)} files, where the question takes one.")
        value = named[0]
    if isinstance(value, Mapping):
        value = next((value[key] for key in ("file_id", "fileId", "_id", "id") if key in value), None)
    found = around.files.get(str(value)) if isinstance(value, str | ObjectId) else None
    if found is None:
        raise Unfit("The file that it names is not among those that are brought over.")
    return found
