"""The colours of the interface keep the contrast that WCAG 2.2 asks for, in every theme and every accent.

The tokens are read from ``static/css/tokens.css``: each colour is ``light-dark(#light, #dark)``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).resolve().parents[2] / "static" / "css" / "tokens.css"
ACCENTS = ("teal", "blue", "indigo", "plum", "green", "amber", "red", "slate")
SCHEMES = ("light", "dark")
TEXT = 4.5
SHAPE = 3.0

BLOCK = re.compile(r"(?P<selectors>[^{}]+)\{(?P<body>[^{}]*)\}")
COLOUR = re.compile(r"--(?P<name>[a-z-]+):\s*light-dark\((?P<light>#[0-9a-f]{6}),\s*(?P<dark>#[0-9a-f]{6})\)")

Palette = dict[str, str]


def _blocks(css: str) -> dict[str, dict[str, tuple[str, str]]]:
    """Selector → token → (light, dark), for every block that declares a colour."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for block in BLOCK.finditer(re.sub(r"/\*.*?\*/", "", css, flags=re.S)):
        colours = {m["name"]: (m["light"], m["dark"]) for m in COLOUR.finditer(block["body"])}
        for selector in block["selectors"].split(","):
            found.setdefault(selector.strip(), {}).update(colours)
    return found


def palette(scheme: str, *, accent: str = "teal", theme: str | None = None) -> Palette:
    """Every colour token as ``#rrggbb``, as the cascade leaves it for that scheme, accent and theme."""
    blocks = _blocks(TOKENS.read_text(encoding="utf-8"))
    selectors = [":root", f'[data-accent="{accent}"]'] + ([f'[data-theme="{theme}"]'] if theme else [])
    side = SCHEMES.index(scheme)
    return {name: pair[side] for selector in selectors for name, pair in blocks[selector].items()}


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour, 0 to 1, by the formula of WCAG 2.2."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


TEXT_PAIRS = (
    ("ink", "paper"),
    ("ink", "paper-sunk"),
    ("ink", "paper-raised"),
    ("ink", "computed"),
    ("ink-soft", "paper"),
    ("ink-soft", "paper-sunk"),
    ("ink-soft", "paper-raised"),
    ("ink-soft", "computed"),
    ("good", "paper"),
    ("good", "good-wash"),
    ("warn", "paper"),
    ("warn", "warn-wash"),
    ("bad", "paper"),
    ("bad", "bad-wash"),
    ("info", "info-wash"),
    ("ink", "bad-wash"),
    ("ink", "warn-wash"),
    ("ink", "good-wash"),
    ("ink", "info-wash"),
)
ACCENT_PAIRS = (
    ("accent", "paper"),
    ("accent", "paper-sunk"),
    ("accent", "paper-raised"),
    ("accent", "accent-wash"),
    ("accent-ink", "accent"),
    ("ink", "accent-wash"),
)


def test_black_on_white_has_a_contrast_of_twenty_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", [None, "contrast"])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("front", "back"), TEXT_PAIRS)
def test_text_can_be_read_on_its_ground(front: str, back: str, scheme: str, theme: str | None) -> None:
    colours = palette(scheme, theme=theme)
    assert contrast(colours[front], colours[back]) >= TEXT


@pytest.mark.parametrize("theme", [None, "contrast"])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("accent", ACCENTS)
@pytest.mark.parametrize(("front", "back"), ACCENT_PAIRS)
def test_every_accent_can_be_read(front: str, back: str, accent: str, scheme: str, theme: str | None) -> None:
    colours = palette(scheme, accent=accent, theme=theme)
    assert contrast(colours[front], colours[back]) >= TEXT


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("ground", ["paper", "computed"])
def test_the_edge_of_a_control_can_be_seen(ground: str, scheme: str) -> None:
    colours = palette(scheme)
    assert contrast(colours["rule-strong"], colours[ground]) >= SHAPE


@pytest.mark.parametrize("accent", ACCENTS)
def test_every_accent_of_the_fixed_set_is_declared(accent: str) -> None:
    declared = _blocks(TOKENS.read_text(encoding="utf-8"))[f'[data-accent="{accent}"]']
    assert set(declared) == {"accent", "accent-ink", "accent-wash"}
