"""The answers that a report keeps without a question in its format, as people read them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.documents.values import date_text


def told(set_aside: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """``label``, ``answer`` and ``reason`` in words of each answer that ``Report.set_aside`` holds."""
    found = []
    for path, kept in (set_aside or {}).items():
        entry = kept if isinstance(kept, Mapping) and "answer" in kept else {"answer": kept}
        found.append(
            {
                "label": str(entry.get("label") or path),
                "answer": answer_text(entry["answer"]),
                "reason": str(entry.get("reason") or ""),
            }
        )
    return found


def answer_text(answer: Any) -> str:
    """A stored answer in one line, whatever its shape."""
    if isinstance(answer, bool):
        return "Yes" if answer else "No"
    if isinstance(answer, Mapping):
        if answer.get("not_applicable") is True:
            return "Not applicable"
        return "; ".join(text for part in answer.values() if (text := answer_text(part)))
    if isinstance(answer, list):
        return "; ".join(text for part in answer if (text := answer_text(part)))
    return "" if answer is None else date_text(str(answer))
