"""Reading a JSON file that somebody wrote, with words for whatever is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from banks.formats.problems import FormatProblem

# The largest format written so far is a tenth of this.
MOST_BYTES = 2_000_000


def load_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; ``FormatProblem`` naming the file when it is not one."""
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        fault = f"It cannot be read ({reason}); check its name and rights."
        raise FormatProblem([fault], path.name) from error
    return parse_json(data, path.name)


def parse_json(data: bytes, source: str = "") -> dict[str, Any]:
    """The JSON object in the bytes of a file; ``FormatProblem`` naming ``source`` when they hold none."""
    if len(data) > MOST_BYTES:
        fault = f"It has {len(data):,} bytes; at most {MOST_BYTES:,} are read. Split or shorten it."
        raise FormatProblem([fault], source)
    try:
        raw = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        fault = f"Byte {error.start + 1} is not UTF-8; save the file as UTF-8."
        raise FormatProblem([fault], source) from error
    except json.JSONDecodeError as error:
        fault = f"Line {error.lineno}, column {error.colno} is not JSON: {error.msg}; mend it there."
        raise FormatProblem([fault], source) from error
    except RecursionError as error:
        raise FormatProblem(["It is nested too deeply; a format needs ten levels."], source) from error
    except FormatProblem as error:
        raise error.in_source(source) from None
    if not isinstance(raw, dict):
        raise FormatProblem(["It holds no JSON object; begin with { and end with }."], source)
    return raw


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys occur once; JSON itself would silently keep the last of two."""
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        double = sorted({name for name in names if names.count(name) > 1})
        raise FormatProblem([f"{', '.join(double)} occurs twice in one object; keep one of them."])
    return result


def _no_constant(name: str) -> Any:
    raise FormatProblem([f"{name} is no figure; write a number or leave the key out."])
