"""Old tables → ours: given rows, rows that are added, columns that are added."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from banks.formats.field_checks import MOST_COLUMNS, MOST_COLUMNS_ADDED
from banks.legacy.converted import TableAnswers
from banks.legacy.faults import Severity
from banks.legacy.fields import read_condition, read_names, read_simple, read_type
from banks.legacy.ids import Ids, clean_id, label_of
from banks.legacy.questions import Gathered, Scope
from banks.legacy.reading import Node, clean_text, figure, shown, truth, whole

MOST_ROWS = 100
_IN_TABLE = (
    "text", "textarea", "number", "decimal", "currency", "date", "select", "multiselect", "checkbox", "radio",
    "email", "tel", "number_with_unit", "calculated",
)  # fmt: skip
_SERIAL = re.compile(r"(s|sr|sl|serial|row|item)?_?(no|nr|num|number|index)|s|sl|sr|serial")
# What counts rows without being a number: "a", "(ii)", "B.", "3a".
_SIGN = re.compile(r"\(?([0-9.]+[a-z]?|[a-z]|[ivxl]{1,6})[.):]*", re.IGNORECASE)
_NUMBER_SIGN = re.compile(r"\{[a-z]*\}|#|%d", re.IGNORECASE)
_CONFIG_KEYS = ("columns", "rows", "fixedColumns", "dynamicColumns", "tableType", "maxRows", "minRows")
# What a row may say about itself beside its cells.
_ROW_KEYS = ("fieldType", "options", "units", "validation", "isRequired", "formula", "calculatedField",
             "calculationMetadata", "uiDisplayName", "helpText", "placeholder")  # fmt: skip


def read_table(gathered: Gathered, raw: Node, scope: Scope, kind: str) -> dict[str, Any]:
    """A table or dynamic_table of any kind as one field of ours."""
    field_id, old, label = read_names(raw, scope, "table")
    path = f"{scope.path}.{field_id}"
    node: dict[str, Any] = {"id": field_id, "type": kind, "label": label, "width": 12}
    if text := raw.text("helpText", "description", most=500):
        node["help"] = text
    for key in ("placeholder", "gridSize", "defaultValue"):
        raw.log.keep(raw.at(key), raw.take(key))
    if raw.flag("isRequired") or raw.flag("required"):
        node["required"] = True
    if raw.flag("isReadonly"):
        raw.tell("isReadonly", "The table was read-only and nothing filled it.", "It can be typed here.")
    config = _config(raw)
    gathered.containers[path] = old
    inner = Scope(path, Ids(), scope.document, (*scope.old, old[0] if old else field_id))
    asked = clean_text(config.take("tableType")).lower()
    if "dynamicColumns" in config.raw or asked == "column_dynamic":
        node["type"] = "dynamic_table"
        node["table"] = _column_dynamic(gathered, config, inner, path)
    else:
        fixed = kind == "table" or asked in ("fixed", "static")
        node["table"] = _rows_of_columns(gathered, config, inner, path, fixed=fixed)
        node["type"] = "table" if node["table"]["kind"] == "fixed" else "dynamic_table"
    config.finish()
    for name in old:
        gathered.places.append((path, (*scope.old, name)))
    gathered.log.ids.append([path, ".".join((*scope.old, old[0] if old else field_id))])
    read_condition(gathered, raw, node, path, scope.document)
    raw.finish()
    return node


def _config(raw: Node) -> Node:
    """What describes the table: its tableConfig, with what stands beside that in the field itself."""
    inner = raw.child("tableConfig")
    beside = {key: raw.take(key) for key in _CONFIG_KEYS if key in raw.raw and key not in inner.raw}
    inner.raw = {**beside, **inner.raw}
    inner.place = inner.place if "tableConfig" in raw.raw else raw.place
    return inner


def _columns(config: Node) -> list[Node]:
    columns = config.children("columns", "columnId", "fieldId", "id")
    columns += config.children("fixedColumns", "columnId", "fieldId", "id")
    active = []
    for column in columns:
        if truth(column.take("isActive")) is False:
            column.tell("", "The column was inactive.", "It is kept and not shown.", Severity.KEPT_ASIDE)
            column.log.keep(column.place, column.raw)
        else:
            active.append(column)
    return active


def _column_id(column: Node) -> str:
    return next((text for key in ("columnId", "fieldId", "id") if (text := clean_text(column.look(key)))), "")


def _is_serial(column: Node) -> bool:
    return truth(column.look("isReadonly")) is True and bool(_SERIAL.fullmatch(_column_id(column).lower()))


def _counts_rows(column: Node, rows: list[Node]) -> bool:
    """Whether a column only numbers the given rows: by its name, or by what stands in it."""
    if _is_serial(column):
        return True
    texts = _texts(column, rows)
    return (
        truth(column.look("isReadonly")) is True
        and bool(texts)
        and all(_SIGN.fullmatch(one) for one in texts)
    )


def _texts(column: Node, rows: list[Node]) -> list[str]:
    return [text for row in rows if (text := clean_text(row.look(_column_id(column))))]


def _rows_of_columns(
    gathered: Gathered, config: Node, scope: Scope, path: str, *, fixed: bool
) -> dict[str, Any]:
    columns, rows = _columns(config), config.children("rows", "rowId", "id")
    if fixed and not rows:
        config.tell("rows", "The table has no rows.", "Rows may be added here.")
        fixed = False
    if fixed:
        return _fixed(gathered, config, scope, path, columns, rows)
    shown_columns = [column for column in columns if not _is_serial(column)]
    for column in columns:
        if column not in shown_columns:
            column.tell("", "A column of serial numbers.", "Rows are numbered by themselves.", Severity.NOTE)
            config.log.keep(column.place, column.raw)
    table: dict[str, Any] = {"kind": "row_dynamic"}
    table["columns"], names = _read_columns(
        gathered, config, scope, path, shown_columns or columns, keep_read_only=False
    )
    names = {**{_column_id(column): None for column in columns}, **names}
    most = whole(config.take("maxRows"))
    if most is not None:
        table["max_rows"] = min(max(most, 1), MOST_ROWS)
        if table["max_rows"] != most:
            config.tell("maxRows", f"{most} rows.", f"At most {table['max_rows']} may be added here.")
    least = whole(config.take("minRows"))
    if least:
        table["min_rows"] = min(least, table.get("max_rows", 25))
    filled = [
        row
        for row in rows
        if any(clean_text(value) for key, value in row.raw.items() if not _SERIAL.fullmatch(str(key).lower()))
    ]
    if filled:
        config.tell(
            "rows", f"{len(filled)} rows were filled in by themselves.",
            "A new report begins without them; they are kept.",
        )  # fmt: skip
    gathered.tables[path] = TableAnswers("row_dynamic", names)
    return table


def _read_columns(
    gathered: Gathered, config: Node, scope: Scope, path: str, columns: list[Node], *, keep_read_only: bool
) -> tuple[list[dict[str, Any]], dict[str, str | None]]:
    if len(columns) > MOST_COLUMNS:
        for column in columns[MOST_COLUMNS:]:
            config.log.keep(column.place, column.raw)
        config.log.tell(
            config.at("columns"), f"{len(columns)} columns; at most {MOST_COLUMNS} fit here.",
            "Those after are kept and not shown; divide the table.", Severity.KEPT_ASIDE,
        )  # fmt: skip
        columns = columns[:MOST_COLUMNS]
    nodes, names = [], {}
    for column in columns:
        node = read_simple(gathered, column, scope, read_type(column, _IN_TABLE), table=path)
        if keep_read_only and truth(column.look("isReadonly")) is True:
            node["read_only"] = True
            node.pop("required", None)
            gathered.questions[f"{scope.path}.{node['id']}"].read_only = False
        nodes.append(node)
        names[_column_id(column)] = node["id"]
        _drop_condition(column)
        column.finish()
    if not nodes:
        config.tell("columns", "The table has no columns.", "It has one for remarks here.", keep=False)
        nodes = [{"id": "remarks", "type": "text", "label": "Remarks"}]
    return nodes, {name: new for name, new in names.items() if name}


def _drop_condition(part: Node) -> None:
    for key in ("conditionalLogic", "condition"):
        if part.take(key) not in (None, "", {}, []):
            part.tell(key, "A column or row with a condition.", "It is always shown here.")


def _fixed(
    gathered: Gathered, config: Node, scope: Scope, path: str, columns: list[Node], rows: list[Node]
) -> dict[str, Any]:
    if len(rows) > MOST_ROWS:
        config.tell("rows", f"{len(rows)} rows; at most {MOST_ROWS} fit here.", "Those after are kept.")
        rows = rows[:MOST_ROWS]
    named_by = _label_column(columns, rows)
    rest = [column for column in columns if column is not named_by and not _counts_rows(column, rows)]
    for column in columns:
        if column not in rest:
            config.log.keep(column.place, column.raw)
    nodes, names = _read_columns(gathered, config, scope, path, rest, keep_read_only=True)
    given = {_column_id(column): names.get(_column_id(column)) for column in columns}
    fixed_ids = {node["id"] for node in nodes if node.get("read_only")}
    ids, made = Ids(), []
    for number, row in enumerate(rows, start=1):
        label = clean_text(row.look(_column_id(named_by))) if named_by else ""
        label = (label or row.text("rowName", "label", "uiDisplayName") or str(number))[:200]
        entry: dict[str, Any] = {
            "id": ids.claim(clean_text(row.look("rowId")), label, fallback=f"row_{number}"),
            "label": label,
        }
        cells = {}
        for old, ours in given.items():
            text = clean_text(row.look(old))
            if ours in fixed_ids and text:
                cells[ours] = text[:500]
            elif ours and text:
                row.tell(old, f"{shown(text)} was filled in by itself.", "Nothing is filled in; it is kept.")
        if cells:
            entry["cells"] = cells
        made.append(entry)
        _tell_of_row(row, given)
        config.log.keep(row.place, row.raw)
    for key in ("maxRows", "minRows", "allowAddRows"):
        config.log.keep(config.at(key), config.take(key))
    gathered.tables[path] = TableAnswers(
        "fixed", given, tuple(row["id"] for row in made), tuple(row["label"] for row in made)
    )
    _unfillable(gathered, scope, nodes, made)
    return {"kind": "fixed", "columns": nodes, "rows": made}


def _tell_of_row(row: Node, columns: Mapping[str, str | None]) -> None:
    """What a given row says of itself beside its cells has no place here; a formula weighs most."""
    for key in ("rowId", "id", "sortOrder", *columns):
        row.take(key)
    for key in ("formula", "calculatedField", "calculationMetadata"):
        if key not in columns and (value := row.take(key)) not in (None, "", {}, []):
            row.tell(key, f"A row with a formula of its own, {shown(value)}.", "Its cells are typed here.")
    row.finish()


def _unfillable(
    gathered: Gathered, scope: Scope, nodes: list[dict[str, Any]], rows: list[dict[str, Any]]
) -> None:
    """A read-only column without given cells could never be filled: it may be typed."""
    for node in nodes:
        if node.get("read_only") and not any(node["id"] in row.get("cells", {}) for row in rows):
            del node["read_only"]
            gathered.questions[f"{scope.path}.{node['id']}"].read_only = True


def _label_column(columns: list[Node], rows: list[Node]) -> Node | None:
    """The column whose given texts name the rows: read-only, with the most words in it.

    Letters that only count the rows ("a", "(ii)") name them where nothing else does.
    """
    for signs in (False, True):
        best, most = None, 0
        for column in columns:
            if truth(column.look("isReadonly")) is not True and column is not columns[0]:
                continue
            texts = _texts(column, rows)
            worded = [text for text in texts if figure(text.rstrip(".)")) is None]
            counting = bool(texts) and all(_SIGN.fullmatch(text) for text in texts)
            if len(worded) > most and len(worded) == len(texts) and counting is signs:
                best, most = column, len(worded)
        if best is not None:
            return best
    return None


def _column_dynamic(gathered: Gathered, config: Node, scope: Scope, path: str) -> dict[str, Any]:
    columns, rows = _columns(config), config.children("rows", "rowId", "id")
    moving = config.child("dynamicColumns")
    first = moving.children("defaultColumns", "columnId", "id")
    adding = moving.child("addColumnConfig")
    named_by = _label_column(columns, rows)
    kind = first[0] if first else None
    row_fields, texts = _row_fields(gathered, config, scope, path, columns, rows, kind, named_by)
    table: dict[str, Any] = {"kind": "column_dynamic", "row_fields": row_fields}
    table["column_pattern"] = _pattern(adding)
    most = adding.take("maxColumns")
    limit = whole(most)
    table["max_columns"] = min(max(limit or MOST_COLUMNS_ADDED, 1), MOST_COLUMNS_ADDED)
    if most is not None and limit != table["max_columns"]:
        adding.tell(
            "maxColumns", f"{shown(most)} columns.", f"At most {table['max_columns']} fit a page here."
        )
    names = [
        column.text("columnName", "label") or label_of(_column_id(column) or "column") for column in first
    ]
    if len(names) > table["max_columns"]:
        moving.tell(
            "defaultColumns",
            f"{len(names)} columns to begin with.",
            f"The first {table['max_columns']} are taken.",
        )
        names = names[: table["max_columns"]]
    if names:
        table["first_columns"] = names
    for column in columns:
        if column is named_by or _counts_rows(column, rows):
            continue
        column.tell(
            "", "Only one column can name the rows, and this one beside it cannot be filled here.",
            "It is kept and not shown.", Severity.KEPT_ASIDE,
        )  # fmt: skip
    for column in [*columns, *first]:
        config.log.keep(column.place, column.raw)
    for part in (adding, moving):
        part.finish()
    gathered.tables[path] = TableAnswers(
        "column_dynamic", {_column_id(column): None for column in columns},
        tuple(row["id"] for row in row_fields), texts,
        {_column_id(column): at for at, column in enumerate(first) if _column_id(column)},
    )  # fmt: skip
    return table


def _pattern(adding: Node) -> str:
    given = adding.text("columnNamePattern", most=40)
    if not given:
        return "Column {number}"
    if "{number}" in given:
        return given
    made = _NUMBER_SIGN.sub("{number}", given, count=1)
    made = made if "{number}" in made else f"{given} {{number}}"
    adding.tell(
        "columnNamePattern", f"{shown(given)} does not say where the number goes.", f"It is {made} here."
    )
    return made


def _row_fields(
    gathered: Gathered, config: Node, scope: Scope, path: str, columns: list[Node], rows: list[Node],
    kind: Node | None, named_by: Node | None,
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:  # fmt: skip
    """Each given row as a field of the type that the moving columns have, or of its own."""
    if len(rows) > MOST_ROWS:
        config.tell("rows", f"{len(rows)} rows; at most {MOST_ROWS} fit here.", "Those after are kept.")
        rows = rows[:MOST_ROWS]
    serial = next(
        (column for column in columns if column is not named_by and _counts_rows(column, rows)), None
    )
    shared = {key: kind.raw[key] for key in _ROW_KEYS if key in kind.raw} if kind else {}
    nodes, texts = [], []
    for number, row in enumerate(rows, start=1):
        label = clean_text(row.look(_column_id(named_by))) if named_by else ""
        label = (
            label
            or clean_text(row.look("uiDisplayName"))
            or clean_text(row.look("rowName"))
            or f"Row {number}"
        )
        own = {key: row.raw[key] for key in _ROW_KEYS if key in row.raw}
        old = next((text for key in ("rowId", "fieldId", "id") if (text := clean_text(row.look(key)))), "")
        asked = {
            "fieldType": "text",
            **shared,
            **own,
            "fieldId": old or clean_id(label) or f"row_{number}",
            "uiDisplayName": label,
        }
        part = Node(asked, row.place, config.log)
        node = read_simple(gathered, part, scope, read_type(part, _IN_TABLE), table=path)
        sign = clean_text(row.look(_column_id(serial))) if serial else ""
        if sign and len(sign) <= 12:
            node["number"] = sign
        nodes.append(node)
        texts.append(label)
        part.finish()
        config.log.keep(row.place, row.raw)
    if not nodes:
        config.tell("rows", "The table has no rows.", "It has one for remarks here.", keep=False)
        return [{"id": "remarks", "type": "text", "label": "Remarks"}], ("Remarks",)
    return nodes, tuple(texts)
