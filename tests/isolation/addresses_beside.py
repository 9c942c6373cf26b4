"""Addresses that no table of the running application has a row for, and what answers in place of a page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Beside:
    """An address that no pattern of the running application has, and why it is as it is for everybody."""

    path: str
    status: int
    reason: str


ANSWERED_BY_MIDDLEWARE = (
    Beside("/healthz", 200, "Says that the process serves; asked by the machinery, which signs in nowhere."),
    Beside("/readyz", 200, "Says that the databases answer; asked by the machinery."),
    Beside("/metrics", 404, "Figures of the process, for whoever has the token; closed without one."),
    Beside("/static/nothing.css", 404, "Files of the application, the same for everybody."),
)
ONLY_IN_DEVELOPMENT = {
    "components": "Shows the components of pages with samples; needs no database.",
    "outbox": "Mail that did not leave the own machine; answers loopback alone.",
}
HANDLERS = {
    "handler400": "Tells of a bad request.",
    "handler403": "Tells of a refusal.",
    "handler404": "Tells of what is not there; the same words for what another firm has.",
    "handler500": "Tells of a failure, or of a database that does not answer.",
}
