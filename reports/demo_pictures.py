"""Drawn houses in place of photographs, for demonstrations and tests. No Django here."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw

CAPTIONS = ("Front elevation", "Approach road", "Living room", "Terrace and water tank")
_COLOURS = (("#bcd4e6", "#c9b79c"), ("#cfe0d4", "#8d8d86"), ("#efe3cf", "#b08968"), ("#c4d7ea", "#a3a3a3"))


def picture(number: int) -> bytes:
    """A drawn house as JPEG, so that no photograph of a real place is needed."""
    sky, wall = _COLOURS[number % len(_COLOURS)]
    image = Image.new("RGB", (1280, 960), sky)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 700, 1280, 960), fill="#9aa58a")
    draw.rectangle((300, 330, 980, 760), fill=wall, outline="#5c5346", width=6)
    draw.polygon([(250, 340), (640, 150), (1030, 340)], fill="#8c4a3a")
    draw.rectangle((580, 540, 700, 760), fill="#5c4033")
    for left in (380, 780):
        draw.rectangle((left, 440, left + 120, 540), fill="#dfe9f2", outline="#5c5346", width=5)
    for step in range(number + 1):
        draw.rectangle((40 + step * 60, 640, 80 + step * 60, 700), fill="#4f6b4a")
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=82)
    return buffer.getvalue()
