"""What can go wrong in a calculation, each with a text that a person can act upon."""

from __future__ import annotations


class CalculationProblem(ValueError):
    """The base of every expected failure here; ``str(problem)`` is fit to be shown to a person."""


class NumberProblem(CalculationProblem):
    """A text that is not a number, or a number that the system does not hold."""


class UnitProblem(CalculationProblem):
    """A unit that is unknown, or that does not convert into the one asked for."""


class RoundingProblem(CalculationProblem):
    """A rounding whose step or mode does not exist."""


class DepreciationProblem(CalculationProblem):
    """An age, life, rate or salvage from which no depreciation follows."""


class ComparableProblem(CalculationProblem):
    """Comparables from which no adjusted rate or mean follows."""


class FormulaProblem(CalculationProblem):
    """A formula that may not be written so, or that has no result for these answers."""
