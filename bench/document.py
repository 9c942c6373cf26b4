"""A report's way to paper: calculation, document and PDF, as multiples of encoding its answers."""

from __future__ import annotations

import json
from datetime import date
from functools import partial

from banks.formats.shipped import sample, shipped_format
from bench._timing import medians_ms
from reports.calculation.engine import calculate
from reports.demo_pictures import picture
from reports.documents.content import build_document
from reports.documents.context import DocumentContext, Letterhead, Photograph, ValuerBlock
from reports.documents.render import render_pdf

FORMAT = "sbi_land_building_v1"
PHOTOGRAPHS = 12


def main() -> None:
    definition, answers = shipped_format(FORMAT), sample(FORMAT)["answers"]
    calculation = calculate(definition, answers)
    images = {f"photograph-{number}": picture(number) for number in range(PHOTOGRAPHS)}
    context = DocumentContext(
        firm=Letterhead(name="Demo Valuers"),
        reference="DO/0001/23112026",
        valuer=ValuerBlock(name="Vikram Valuer"),
        report_date=date(2026, 11, 20),
        photographs=tuple(Photograph(image_key=key, caption=key) for key in images),
    )
    document = build_document(definition, answers, calculation, context)
    rendered = render_pdf(document, images)
    times = medians_ms(
        {
            "json": partial(json.dumps, answers),
            "calculate": partial(calculate, definition, answers),
            "build": partial(build_document, definition, answers, calculation, context),
            "pdf": partial(render_pdf, document, images),
        },
        rounds=15,
        warm_up=2,
    )
    one = times["json"]
    result = {
        "ms": times,
        "vs_json": {name: round(times[name] / one, 1) for name in ("calculate", "build", "pdf")},
        "pages": rendered.pages,
        "photographs": PHOTOGRAPHS,
        "bytes": len(rendered.pdf),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
