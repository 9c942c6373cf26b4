"""Visitors of the whole application: each asks every address, follows every link, and reads all answers."""

from __future__ import annotations

import html
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from itertools import product
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.contrib import admin
from django.http import HttpResponseBase, StreamingHttpResponse
from django.test import Client
from django.urls import NoReverseMatch, Resolver404, URLPattern, URLResolver, get_resolver, resolve, reverse

from reports.formats import definition_of
from reports.models import Report
from tenants.models import SupportSession, User
from tests.isolation.canaries import TWINS, Firm, files_of
from tests.isolation.canary_watch import Diary, LogWatch, Markers, Visit, as_said, look_at, words_shown

# Whatever attribute an address stands in (href, src, action, hx-post, data-order-url …), it is opened.
_ATTRIBUTE = re.compile(r"""\s[a-z][a-z-]*=["']([/?][^"'\s]*)["']""")
_IN_JSON = re.compile(r'"(/[^"\s]*)"')
_OF_A_REPORT = re.compile(r"/(?:api/)?reports/([0-9a-f]{24})\b")
# The reports in the order in which they are opened: what differs most from one another comes first.
_REPORTS = ("twin", "issued", "in_review", "draft", "changes_requested", "approved", "cancelled")
_LEFT_OUT = ("/static/", "/sign-out/")
EDITOR = frozenset({"reports:section", "reports:values"})
# Where a firm changes a format: a page for each of thousands of questions, and what is looked up is the same.
FORMAT_EDITOR = frozenset(
    {"bank-format-section", "bank-format-field", "bank-format-add", "bank-format-remove"},
)
LAID_OUT = frozenset({"reports:preview", "reports:preview-pdf", "reports:preview-page"})


@dataclass(frozen=True, slots=True)
class Thoroughness:
    """How many are opened of what is alike: reports in a view, sections of a report or format, filters."""

    reports: int
    sections: int
    queries: int
    # Documents laid out in one form: they differ in nothing but being a draft or issued.
    documents: int = 2
    # Records of one kind in the staff's admin.
    records: int = 1
    # The report of which no section is left out.
    read_whole: str = ""


BRIEF = Thoroughness(reports=2, sections=2, queries=2)


def whole(firm: Firm) -> Thoroughness:
    """Every report in every view, and of reports in the same format one in all its sections."""
    return Thoroughness(reports=1_000, sections=2, queries=12, read_whole=str(firm.reports["draft"].pk))


@dataclass(slots=True)
class Form:
    """A form of a page that is sent by POST, and what is in it before anybody types."""

    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)


class Visitor:
    """Somebody's browser whose every answer is looked through. ``markers`` are what it may not be given."""

    def __init__(
        self, name: str, user: User | None, markers: Markers, watch: LogWatch, firm: Firm | None = None
    ):
        self.name = name
        self.user = user
        self.firm = firm
        self.markers = markers
        self.watch = watch
        self.client = Client(raise_request_exception=False)
        if user is not None:
            self.client.force_login(user)
        # Addresses that were opened, and all that were found in pages.
        self.opened: dict[str, int] = {}
        self.found: dict[str, None] = {}

    @property
    def diary(self) -> Diary:
        return self.watch.diary

    @property
    def session_key(self) -> str:
        return str(self.client.session.session_key)

    def get(self, address: str, **headers: Any) -> Any:
        return self.ask("GET", address, None, **headers)

    def post(self, address: str, data: Any = None, **headers: Any) -> Any:
        return self.ask("POST", address, data or {}, **headers)

    def ask(
        self, method: str, address: str, data: Any, *, client: Client | None = None, **headers: Any
    ) -> Any:
        """One request; everything of the answer is looked at and noted."""
        visit = Visit(self.name, method, address, as_said(address, data, headers), view_of(address))
        self.watch.visit, self.watch.markers = visit, self.markers
        try:
            send: Callable[..., Any] = getattr(client or self.client, method.lower())
            response = send(address, data, **headers) if data is not None else send(address, **headers)
            body = _body(response)
        finally:
            self.watch.visit = None
        visit.status = response.status_code
        self.diary.visits.append(visit)
        self.diary.sightings += look_at(response, body, self.markers, visit)
        if self.firm is not None and _is_text(response):
            self.diary.own.setdefault(self.name, set()).update(words_shown(body.decode(), self.firm))
        response.looked_at = body
        return response

    # Following links -------------------------------------------------------------------------------

    def crawl(self, first: Iterable[str], how: Thoroughness) -> None:
        """Open the addresses, then whatever the pages lead to, until nothing is new."""
        waiting, seen = deque(dict.fromkeys(first)), set()
        alike: Counter[tuple[Any, ...]] = Counter()
        while waiting:
            address = waiting.popleft()
            if address in seen or address.startswith(_LEFT_OUT):
                continue
            seen.add(address)
            kind, most = _kind_of(address, how)
            alike[kind] += 1
            if alike[kind] > most:
                continue
            response = self.get(address)
            self.opened[address] = response.status_code
            links = dict.fromkeys(self._links(address, response))
            self.found |= links
            waiting.extend(links)

    def _links(self, address: str, response: Any) -> Iterator[str]:
        location = response.headers.get("Location")
        if location:
            yield urljoin(address, location)
        if not _is_text(response):
            return
        text = response.looked_at.decode()
        found = _IN_JSON.findall(text) if "json" in response.headers["Content-Type"] else ()
        for link in found:
            yield link.partition("#")[0]
        for value in dict.fromkeys(_ATTRIBUTE.findall(text)):
            if not value.startswith(_LEFT_OUT):
                plain = html.unescape(value).partition("#")[0]
                yield plain if plain.startswith("/") else urljoin(address, plain)


def _body(response: HttpResponseBase) -> bytes:
    if isinstance(response, StreamingHttpResponse):
        return b"".join(response)
    return bytes(response.content)  # type: ignore[attr-defined]


def _is_text(response: HttpResponseBase) -> bool:
    kind = response.headers.get("Content-Type", "")
    return kind.startswith("text/") or "json" in kind


def _kind_of(address: str, how: Thoroughness) -> tuple[tuple[Any, ...], int]:
    """What counts as alike, and how many of it are opened."""
    parts = urlsplit(address)
    view = view_of(address)
    of_a_report = _OF_A_REPORT.match(parts.path)
    if view.startswith("admin:"):
        return (view,), how.records
    if view in FORMAT_EDITOR:
        # /banks/<code>/formats/<scheme>/<property type>/…
        return (view, *parts.path.split("/")[2:6]), how.sections
    if of_a_report:
        if how.reports < len(_REPORTS):
            return (view,), how.reports
        if view in LAID_OUT:
            pages = 8 if view == "reports:preview-page" else 1
            return (view,), how.documents * pages
        if view in EDITOR:
            return (view, of_a_report[1]), 1_000 if of_a_report[1] == how.read_whole else how.sections
    if parts.query and view != "firm-logo":
        names = re.findall(r"([^&=]+)=", parts.query)
        return (view, parts.path, *sorted(names)), how.queries
    return (address,), 1


@cache
def _view_of(path: str) -> str:
    try:
        return str(resolve(path).view_name)
    except Resolver404:
        return ""


def view_of(address: str) -> str:
    """The name of the view at an address, or nothing."""
    return _view_of(urlsplit(address).path)


class _Forms(HTMLParser):
    """The forms of a page as a browser would send them."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._name = ""
        self._text: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(urljoin(self.address, has.get("action") or self.address))
            if has.get("method", "").lower() == "post":
                self.forms.append(self._form)
        if self._form is None:
            return
        if tag == "input" and "name" in has:
            kind = has.get("type", "text")
            if kind not in ("file", "submit") and (kind not in ("checkbox", "radio") or "checked" in has):
                self._put(has["name"], has.get("value", "on"))
        elif tag == "textarea":
            self._name, self._text = has.get("name", ""), []
        elif tag == "select":
            self._name = has.get("name", "")
        elif tag == "option" and "selected" in has:
            self._put(self._name, has.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._text is not None:
            self._put(self._name, "".join(self._text).removeprefix("\n"))
            self._text = None
        elif tag == "form":
            self._form = None

    def _put(self, name: str, value: str) -> None:
        if self._form is not None and name and name != "csrfmiddlewaretoken":
            self._form.fields.setdefault(name, []).append(value)


def forms_of(address: str, response: Any) -> list[Form]:
    """The POST forms of a page."""
    parser = _Forms(address)
    parser.feed(response.looked_at.decode())
    return parser.forms


# Every address ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Route:
    """A pattern of the resolver: the view's name and what its address is made of."""

    view: str
    parameters: frozenset[str]


def routes() -> list[Route]:
    """Every pattern of the application, but the admin's."""
    found = list(_routes(get_resolver().url_patterns, ""))
    return [route for route in found if not route.view.startswith("admin:")]


def _routes(patterns: Iterable[Any], namespace: str) -> Iterator[Route]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from _routes(pattern.url_patterns, namespace + inner)
        elif isinstance(pattern, URLPattern):
            yield Route(f"{namespace}{pattern.name}", frozenset(pattern.pattern.converters))


def addresses(firm: Firm, *, sections_each: int = 1_000) -> Iterator[str]:
    """Every pattern with every id of the firm; a parameter that nobody knows here is a KeyError."""
    given = [_values(firm, report, sections_each) for report in map(firm.reports.__getitem__, _REPORTS)]
    for route in routes():
        if route.parameters <= {"code"}:
            for code in ("SBI", "BOB") if route.parameters else ("",):
                yield reverse(route.view, kwargs={"code": code} if code else {})
            continue
        names = sorted(route.parameters)
        for values, sections in given:
            for chosen in product(*(values[name] for name in names)):
                named = dict(zip(names, chosen, strict=True))
                if "tab" not in named or (named["tab"], named["section"]) in sections:
                    yield reverse(route.view, kwargs=named)


def _values(
    firm: Firm, report: Report, sections_each: int
) -> tuple[dict[str, list[Any]], set[tuple[str, str]]]:
    """What each parameter of an address may be for a report, and which tab and section go together."""
    sections = [(one.tab_id, one.id) for one in definition_of(report).sections()][:sections_each]
    values = {
        "pk": [report.pk],
        "report_id": [report.pk],
        "file_id": [one.pk for one in files_of(firm, report)],
        "page": [1],
        # A link that nobody has signed; test_addresses.py asks for it too.
        "uidb64": ["nobody"],
        "token": ["made-up"],
        # Of an API token that nobody has.
        "key": ["00112233445566ff"],
        "person_id": [one.pk for one in firm.people.values()],
        "support_id": list(SupportSession.objects.filter(org_id=firm.org_id).values_list("pk", flat=True)),
        "tab": sorted({tab for tab, _ in sections}),
        "section": sorted({section for _, section in sections}),
        "code": [report.bank_code],
        "branch": [report.branch_code],
        "scheme": [report.scheme],
        "property_type": [report.property_type],
        "field": [next(definition_of(report).sections()).fields[0].id],
    }
    return values, set(sections)


def names_somebody(address: str, firm: Firm) -> bool:
    """Whether an id that only the firm has, and no twin, stands in the address."""
    return any(one in firm.ids and one not in TWINS for one in re.findall(r"[0-9a-f]{24}", address))


def admin_addresses() -> Iterator[str]:
    """The staff's pages from which every other one is reached, and the pages of every record."""
    yield reverse("admin:index")
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        for record in model._default_manager.all()[:3]:
            for page in ("change", "history", "delete"):
                try:
                    yield reverse(f"{name}_{page}", args=[record.pk])
                except NoReverseMatch:
                    continue
