"""What a visitor tries: a rival's ids, names and addresses; forms; everything that ends on an error page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NoReturn
from unittest.mock import patch
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.test import Client
from django.urls import reverse
from pymongo.errors import AutoReconnect

from reports.models import Report
from tests.isolation.canaries import Firm, files_of
from tests.isolation.canary_crawl import Form, Visitor, forms_of, names_somebody, view_of

JSON = "application/json"
# What is answered for something of another firm's; a role that may not do it at all may be told so instead.
ABSENT = {404, 405}
NOT_FOR_THE_ROLE = {403}
# What every form takes something of, and what the API takes as a change of any report.
_TYPED = dict.fromkeys(("text", "note", "reason", "caption"), "Seen") | {"move": "up"}
_CHANGE = {"sections": {"common.details": {"base_version": 0, "answers": {"applicant_name": "Seen"}}}}
# Buttons that end something; they are pressed last.
_ENDING = ("cancel", "remove", "issue", "approve", "return", "submit")


# A rival's things ------------------------------------------------------------------------------------


def ask_for_what_is_a_rivals(visitor: Visitor, rival: Firm, known: Iterable[str]) -> list[str]:
    """GET and POST every address of the rival's; those that were not answered as if nothing were there."""
    manager = visitor.user is not None and visitor.user.role == "manager"
    right = ABSENT if manager else ABSENT | NOT_FOR_THE_ROLE
    wrong = []
    for address in dict.fromkeys(known):
        absent = names_somebody(urlsplit(address).path, rival)
        if not absent and "?" not in address:
            continue
        of_api = address.startswith("/api/")
        for method in ("GET", "PATCH" if of_api else "POST") if absent else ("GET",):
            data: Any = None if method == "GET" else _CHANGE if of_api else _TYPED
            kind: dict[str, Any] = {"content_type": JSON} if of_api and data else {}
            status = visitor.ask(method, address, data, **kind).status_code
            if absent and status not in right:
                wrong.append(f"{visitor.name}: {method} {address} → {status}")
    return wrong


def mixed(firm: Firm, rival: Firm) -> Iterator[str]:
    """Addresses of the own report with files of the rival's report."""
    own = firm.reports["draft"].pk
    for file in files_of(rival, rival.reports["draft"]):
        for view in ("reports:file", "reports:thumbnail", "reports:photograph"):
            yield reverse(view, args=[own, file.pk])


def ask_by_name(visitor: Visitor, rival: Firm) -> list[str]:
    """Search for the rival's words; the addresses that found something.

    The first word is the beginning of all the rival's words: it may be shown back to the visitor, and is no
    marker, so that whatever it finds gives itself away.
    """
    references = [report.reference for report in rival.reports.values()]
    words = [
        rival.breed.stem[:-1],
        *references[:2],
        next(iter(rival.places)),
        rival.breed.initials,
        rival.org_id,
    ]
    found = []
    for word in map(quote, words):
        told = visitor.get(f"{reverse('api:reports')}?q={word}").json()
        found += [f"reports with {word}"] * (told["count"] > 0)
        told = visitor.get(f"{reverse('api:banks')}?q={word}").json()
        found += [f"banks with {word}"] * (told["count"] > 0)
        told = visitor.get(f"{reverse('api:bank', args=['SBI'])}?q={word}").json()
        found += [f"branches with {word}"] * (told["branch_count"] > 0)
        visitor.get(f"{reverse('reports:list')}?q={word}")
        visitor.get(f"{reverse('reports:new')}?bank=SBI&branch_q={word}")
        visitor.get(f"{reverse('reports:new')}?bank={word}")
    return found


def name_the_rivals_things(visitor: Visitor, firm: Firm, rival: Firm) -> None:
    """Send ids and codes of the rival's within the own pages' forms."""
    draft, theirs = firm.reports["draft"], rival.reports["draft"]
    comment = theirs.comments[0]["id"]
    file_id = str(files_of(rival, theirs)[0].pk)
    photographs = reverse("reports:photographs", args=[draft.pk])
    visitor.get(f"{photographs}?remove={file_id}")
    visitor.post(photographs, {"order": file_id})
    visitor.post(reverse("reports:resolve-comment", args=[draft.pk]), {"comment": comment})
    visitor.get(reverse("reports:detail", args=[draft.pk]))
    visitor.post(reverse("reports:new"), {"bank": "SBI", "branch": rival.branch_code, "format": ""})
    body = {"bank": "SBI", "branch": rival.branch_code, "scheme": "general", "property_type": "flat"}
    visitor.post(reverse("api:reports"), body, content_type=JSON)
    visitor.get(f"{reverse('firm-logo')}?v={rival.organization.letterhead['logo']}")


# Forms -----------------------------------------------------------------------------------------------


def send_forms(visitor: Visitor, firm: Firm, pages: Iterable[str]) -> int:
    """Fill in and send every form of the pages, go where the answers lead; how many were sent."""
    forms: dict[tuple[str, tuple[str, ...]], Form] = {}
    for page in pages:
        for form in forms_of(page, visitor.get(page)):
            forms[form.action, tuple(form.fields)] = form
    sent = [form for form in forms.values() if view_of(form.action) != "sign-out"]
    for form in sorted(sent, key=lambda one: one.action.rstrip("/").endswith(_ENDING)):
        filled = {name: values or "" for name, values in form.fields.items()}
        for name in ("text", "note", "reason"):
            if name in filled or view_of(form.action) in (f"reports:{one}" for one in _ENDING):
                filled[name] = [firm.word(f"typed into {form.action}")]
        response = visitor.post(form.action, filled)
        if "Location" in response.headers:
            visitor.get(response.headers["Location"])
    return len(sent)


def form_of_section(visitor: Visitor, report: Report, tab: str, section: str) -> Form:
    """The form by which a section is saved, filled as it is stored."""
    address = reverse("reports:section", args=[report.pk, tab, section])
    found = [form for form in forms_of(address, visitor.get(address)) if "version" in form.fields]
    assert found, f"{address} has no form to save it"
    return found[0]


def save_at_once(visitor: Visitor, other: Visitor, firm: Firm) -> None:
    """Two people of a firm change one answer: the second is shown both values (409), and the live values."""
    report = firm.reports["draft"]
    form = form_of_section(visitor, report, "general", "property")
    for person in (other, visitor):
        typed = {**form.fields, "brief_description": [firm.word("typed into the editor")]}
        person.post(form.action, typed)
        visitor.post(f"{form.action}values/", typed, HTTP_HX_REQUEST="true")


# Errors ----------------------------------------------------------------------------------------------


def provoke(visitor: Visitor, firm: Firm) -> None:
    """Requests that end on every page and problem of last resort, one for each status at least."""
    draft, issued = firm.reports["draft"], firm.reports["issued"]
    home, one = reverse("work"), reverse("api:report", args=[draft.pk])
    visitor.get(home, HTTP_HOST="nowhere.example")  # 400
    too_many = {f"field-{number}": "x" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)}
    visitor.post(reverse("firm"), too_many)  # 400
    visitor.ask("PATCH", one, "{", content_type=JSON)  # 400
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    strict.cookies = visitor.client.cookies
    visitor.ask("POST", reverse("profile"), {}, client=strict)  # 403
    visitor.get(reverse("reports:detail", args=["0" * 24]))  # 404
    visitor.get("/no-such-page/")  # 404
    visitor.get(reverse("reports:submit", args=[draft.pk]))  # 405
    visitor.get(one, HTTP_ACCEPT="text/csv")  # 406
    visitor.ask("PATCH", one, {}, content_type=JSON, HTTP_IF_MATCH='"999"')  # 412 or a problem before it
    visitor.post(reverse("api:reports"), "text", content_type="text/plain")  # 415
    _conflict(visitor, firm)
    _invalid(visitor, firm)
    for address in (one, reverse("reports:document", args=[issued.pk])):
        etag = visitor.get(address).headers["ETag"]
        visitor.get(address, HTTP_IF_NONE_MATCH=etag)  # 304
    break_down(visitor, firm)


def _conflict(visitor: Visitor, firm: Firm) -> None:
    """409 from the API: a section that was saved meanwhile."""
    body = {
        "sections": {"general.property": {"base_version": 0, "answers": {"brief_description": "Another"}}}
    }
    address = reverse("api:report", args=[firm.reports["draft"].pk])
    visitor.ask("PATCH", address, body, content_type=JSON)
    frozen = reverse("api:report", args=[firm.reports["issued"].pk])
    visitor.ask("PATCH", frozen, body, content_type=JSON)


def _invalid(visitor: Visitor, firm: Firm) -> None:
    """422: forms that are shown again with what was typed, and why it was refused."""
    draft = firm.reports["draft"]
    typed = firm.word("typed into a form that is refused")
    form = form_of_section(visitor, draft, "common", "details")
    visitor.post(form.action, {**form.fields, "inspection_date": typed, "valuation_date": typed})
    visitor.post(reverse("firm"), {"letterhead_name": typed, "initials": "wrong", "email": typed})
    visitor.post(reverse("profile"), {"qualifications": typed, "phone": typed})
    visitor.post(reverse("reports:new"), {"bank": "SBI", "branch": typed, "format": typed})
    visitor.post(reverse("reports:comment", args=[draft.pk]), {"path": "general.area", "text": " "})
    visitor.post(reverse("reports:return", args=[firm.reports["in_review"].pk]), {"note": "x" * 4_001})
    answers = {"common.details": {"base_version": 0, "answers": {"inspection_date": typed, typed: 1}}}
    address = reverse("api:report", args=[draft.pk])
    visitor.ask("PATCH", address, {"sections": answers}, content_type=JSON)
    visitor.get(f"{reverse('api:reports')}?status={typed}&unknown={typed}")


def break_down(visitor: Visitor, firm: Firm) -> None:
    """500 and 503: the view fails when it already holds the report, in pages and in the API."""
    draft = firm.reports["draft"].pk
    for place, address in (
        ("reports.views.pages.detail_page", reverse("reports:detail", args=[draft])),
        ("reports.api.views._told", reverse("api:report", args=[draft])),
    ):
        for failure in (RuntimeError, AutoReconnect):
            with patch(place, _failing(failure)):
                visitor.get(address)


def _failing(failure: type[Exception]) -> Any:
    def fail(*given: Any) -> NoReturn:
        report = next(one for one in given if isinstance(one, Report))
        raise failure(f"cannot show {report.applicant_name} of {report.created_by_name}: {report.answers}")

    return fail
