"""What a bare name of an old formula or condition stands for, and which answer depends upon which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from banks.legacy.expressions import Untranslatable
from banks.legacy.ids import clean_id
from banks.legacy.questions import Gathered, Question

_PREFIXES = (
    "data.",
    "fields.",
    "form.",
    "formData.",
    "values.",
    "this.",
    "row.",
    "report_data.",
    "formValues.",
)
_MOST_NAMED = 4


class Names:
    """Every name of a format. A bare id is looked for nearest first: table, group, section, tab, format."""

    def __init__(self, gathered: Gathered) -> None:
        self.gathered = gathered
        self._by_id: dict[str, list[Question]] = {}
        self._containers: dict[str, list[str]] = {}
        for question in gathered.questions.values():
            for name in dict.fromkeys((*question.old, question.node["id"])):
                self._by_id.setdefault(name, []).append(question)
                if (other := clean_id(name)) != name:
                    self._by_id.setdefault(other, []).append(question)
        for path, old in gathered.containers.items():
            for name in old:
                self._containers.setdefault(name, []).append(path)
        self.places = gathered.answer_paths()

    def question(self, name: str, *, path: str = "", document: str = "") -> Question:
        """The one question that ``name`` means, seen from ``path``; else Untranslatable with candidates."""
        for prefix in _PREFIXES:
            name = name.removeprefix(prefix)
        found = self._candidates(name)
        found = [one for one in found if one.path != path]
        if not found:
            raise Untranslatable(f"there is no field {name[:60]}")
        nearest = next(tier for tier in self._tiers(found, path, document) if tier)
        if len(nearest) > 1:
            listed = ", ".join(one.path for one in nearest[:_MOST_NAMED])
            raise Untranslatable(f"{name[:60]} may be {listed}")
        return nearest[0]

    def _candidates(self, name: str) -> list[Question]:
        if "." in name:
            paths = self.places.get(name, ())
            return [self.gathered.questions[path] for path in paths if path in self.gathered.questions]
        found = self._by_id.get(name) or self._by_id.get(clean_id(name), [])
        return list({one.path: one for one in found}.values())

    @staticmethod
    def _tiers(found: list[Question], path: str, document: str) -> Iterator[list[Question]]:
        steps = path.split(".") if path else []
        for count in range(len(steps) - 1, 0, -1):
            scope = ".".join(steps[:count]) + "."
            own = [one for one in found if one.path.startswith(scope)]
            # The same scope itself before what lies deeper in it.
            yield [one for one in own if "." not in one.path.removeprefix(scope)]
            yield own
        yield [one for one in found if document and one.document == document]
        yield found

    def container(self, name: str) -> str | None:
        """The path of the one group or table of that old id, or None."""
        found = self._containers.get(name, [])
        return found[0] if len(found) == 1 else None

    def members(self, path: str) -> list[Question]:
        return [one for one in self.gathered.questions.values() if one.path.rpartition(".")[0] == path]

    def shortest(self, target: Question, seen_from: Question) -> str:
        """How a formula at ``seen_from`` names ``target``: as shortly as our formulas resolve to the same."""
        if target.table and target.table == seen_from.table:
            return str(target.node["id"])
        steps = seen_from.path.split(".")[:-1]
        scopes = [".".join(steps[:count]) + "." for count in range(len(steps), 1, -1)]
        for scope in scopes:
            if not target.path.startswith(scope):
                continue
            short = target.path.removeprefix(scope)
            first = next(
                (f"{one}{short}" for one in scopes if f"{one}{short}" in self.gathered.questions), ""
            )
            in_row = seen_from.table and f"{seen_from.table}.{short}" in self.gathered.questions
            return short if first == target.path and not in_row else target.path
        return target.path


@dataclass(slots=True)
class Dependence:
    """Which path needs which: through its formula, and through every condition on the way to it."""

    formulas: dict[str, set[str]] = field(default_factory=dict)
    conditions: dict[str, str] = field(default_factory=dict)

    def _needs(self, path: str) -> Iterator[str]:
        yield from self.formulas.get(path, ())
        steps = path.split(".")
        for count in range(1, len(steps) + 1):
            target = self.conditions.get(".".join(steps[:count]))
            if target is not None:
                yield target

    def reached_from(self, paths: set[str]) -> set[str]:
        """The paths and everything that they need, however far."""
        seen: set[str] = set()
        waiting = list(paths)
        while waiting:
            path = waiting.pop()
            if path not in seen:
                seen.add(path)
                waiting.extend(self._needs(path))
        return seen

    def add_formula(self, path: str, needs: set[str]) -> bool:
        """Whether the formula leads to no circle; if so it is kept."""
        if path in self.reached_from(needs):
            return False
        self.formulas[path] = needs
        return True

    def add_condition(self, path: str, target: str) -> bool:
        """Whether the condition at ``path`` leads to no circle; if so it is kept."""
        if any(one == path or one.startswith(f"{path}.") for one in self.reached_from({target})):
            return False
        self.conditions[path] = target
        return True
