"""A person's favourite formats: named without their version, so that a new version stays a favourite."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from banks.queries import FormatSummary

MOST = 10


def name_of(item: FormatSummary) -> str:
    """What a favourite is stored as, e.g. ``"SBI/general/flat"``."""
    return f"{item.bank_code}/{item.scheme}/{item.property_type}"


def rearranged(favourites: Sequence[str], wish: str, offered: Collection[str]) -> list[str]:
    """The favourites after a wish: ``add:NAME``, ``up:NAME``, ``down:NAME`` or ``remove:NAME``.

    What cannot be (up from the top, an unknown format, more than ``MOST``) changes nothing.
    """
    verb, _, name = wish.partition(":")
    changed = list(favourites)
    if verb == "add":
        if name in offered and name not in changed and len(changed) < MOST:
            changed.append(name)
        return changed
    if name not in changed:
        return changed
    place = changed.index(name)
    if verb == "remove":
        del changed[place]
    elif verb in ("up", "down"):
        other = place + (-1 if verb == "up" else 1)
        if 0 <= other < len(changed):
            changed[place], changed[other] = changed[other], changed[place]
    return changed


def favourites_first(formats: Sequence[FormatSummary], favourites: Sequence[str]) -> list[FormatSummary]:
    """The formats, the favourites in their order before the others in theirs."""
    places = {name: place for place, name in enumerate(favourites)}
    return sorted(formats, key=lambda item: places.get(name_of(item), len(places)))
