"""The one way in which a format is refused."""

from __future__ import annotations

from collections.abc import Sequence


class FormatProblem(ValueError):
    """A format that cannot be used, with everything that is wrong with it.

    ``problems`` holds one sentence a fault, each naming the place, the fault and the way out, so that a
    person can mend all of them at once. ``source`` is the file (or other origin), when it is known.
    """

    def __init__(self, problems: Sequence[str], source: str = "") -> None:
        self.problems = list(problems)
        self.source = source
        super().__init__(str(self))

    def __str__(self) -> str:
        lead = f"{self.source}: " if self.source else ""
        return "\n".join(f"{lead}{problem}" for problem in self.problems)

    def in_source(self, source: str) -> FormatProblem:
        """The same faults, said to be in ``source``; a source that they had already is kept behind it."""
        kept = [f"{self.source}: {problem}" if self.source else problem for problem in self.problems]
        return FormatProblem(kept, source)
