"""The benchmark of the list page: its data, its load, and what it says without PostgreSQL. No database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path

import pytest

from bench import requests
from bench._requests import load, seeded
from bench._requests.data import Firm, firms, reports
from bench._requests.rival import postgres
from bench._requests.servers import NoServerError, Web

NEWEST = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
TARGET = load.Target(host="127.0.0.1", cookies={"sessionid": "one"}, mark="F000/", name="Bench Valuers 000")


def page(mark: str = "F000/", name: str = "Bench Valuers 000", *, rows: int = load.ROWS) -> bytes:
    row = f'<a class="ref" href="/reports/1/">{mark}0001/20112026</a>'
    return f"<title>{name}</title>{row * rows}".encode()


# The data ---------------------------------------------------------------------------------------------


def test_every_reference_begins_with_the_mark_of_its_firm() -> None:
    made = [(firm, one) for firm in firms(3) for one in reports(firm, count=5, me="1", newest=NEWEST)]
    assert [one["reference"] for firm, one in made if not one["reference"].startswith(firm.mark)] == []


def test_no_mark_occurs_in_another_firms_reports() -> None:
    text = str([list(reports(firm, count=50, me="1", newest=NEWEST)) for firm in firms(100)[1:]])
    assert Firm(0).mark not in text


def test_a_firms_reports_come_with_the_latest_change_first() -> None:
    changes = [one["updated_at"] for one in reports(Firm(0), count=50, me="1", newest=NEWEST)]
    assert changes == sorted(set(changes), reverse=True)


def test_a_report_has_a_value_for_every_column_of_both_sides() -> None:
    from reports.models import Report

    made = next(reports(Firm(0), count=1, me="1", newest=NEWEST))
    assert set(made) == {field.column for field in Report._meta.concrete_fields} - {"_id"}


# What an answer must be -------------------------------------------------------------------------------


def test_the_firms_own_page_is_right() -> None:
    assert TARGET.complaint(b"200", page()) == ""


def test_one_row_of_another_firm_is_a_complaint() -> None:
    mixed = page(rows=load.ROWS - 1) + page("F001/", rows=1)
    assert "19 of 20 reports are the firm's" in TARGET.complaint(b"200", mixed)


def test_a_row_of_another_firm_besides_the_own_ones_is_a_complaint() -> None:
    assert "20 of 21" in TARGET.complaint(b"200", page() + page("F001/", rows=1))


def test_another_firms_name_is_a_complaint() -> None:
    assert "name is missing" in TARGET.complaint(b"200", page(name="Bench Valuers 001"))


def test_a_redirect_to_sign_in_is_a_complaint() -> None:
    assert "status 302" in TARGET.complaint(b"302", b"")


# The load ---------------------------------------------------------------------------------------------


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing is wrong: the load leaves in the middle of its last answers."""


@pytest.fixture
def serve() -> Iterator[Callable[[dict[str, bytes]], int]]:
    """Starts a server that answers by the session cookie; gives its port."""
    with ExitStack() as stack:

        def start(pages: dict[str, bytes]) -> int:
            class Handler(BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                # Head and body in one piece, or the second waits for the first to be acknowledged.
                wbufsize = -1

                def do_GET(self) -> None:
                    body = pages[self.headers["Cookie"].partition("sessionid=")[2].partition(";")[0]]
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                    self.wfile.flush()

                def log_message(self, format: str, *args: object) -> None:
                    """Says nothing."""

            server = stack.enter_context(_Server(("127.0.0.1", 0), Handler))
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return int(server.server_address[1])

        yield start


def test_the_load_counts_right_answers_over_connection_after_connection(
    serve: Callable[[dict[str, bytes]], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "ANSWERS_PER_CONNECTION", 2)
    measured = load.run(serve({"one": page()}), 0.3, 1, cycle([TARGET]))
    assert len(measured.milliseconds) > load.ANSWERS_PER_CONNECTION
    assert measured.complaints == []


def test_the_load_notes_an_answer_for_another_firm(serve: Callable[[dict[str, bytes]], int]) -> None:
    other = replace(TARGET, cookies={"sessionid": "two"})
    port = serve({"one": page(), "two": page("F001/", "Bench Valuers 001")})
    measured = load.run(port, 0.3, 1, cycle([TARGET, other]))
    assert measured.milliseconds
    assert set(measured.complaints) == {"Bench Valuers 000: the firm's name is missing"}


def test_one_page_is_the_body_of_the_answer(serve: Callable[[dict[str, bytes]], int]) -> None:
    assert load.one_page(serve({"one": page()}), TARGET) == page()


# The comparison of pages, and the result --------------------------------------------------------------


def test_pages_that_differ_in_keys_and_tokens_compare_as_equal() -> None:
    def html(key: str, token: str) -> str:
        form = f'<input type="hidden" name="csrfmiddlewaretoken" value="{token * 64}">'
        return f'<body hx-headers=\'{{"X-CSRFToken": "{token * 64}"}}\'><a href="/reports/{key}/">A</a>{form}'

    assert requests.comparable(html("0" * 24, "a")) == requests.comparable(html("17", "B"))


def test_pages_that_differ_in_an_applicant_do_not() -> None:
    assert requests.comparable("<td>Applicant 1</td>") != requests.comparable("<td>Applicant 2</td>")


def side(name: str, answers: int) -> requests.Side:
    measured = load.Round(seconds=2.0, milliseconds=[float(number) for number in range(answers)])
    return requests.Side(name, Web(port=1, process_id=1), Path(name), rounds=[measured])


def test_the_result_says_how_much_more_this_application_answers() -> None:
    sides = [side(requests.OURS, 330), side(requests.NO_DATABASE, 440), side(requests.RIVAL, 300)]
    assert requests.result_of(sides) == {
        "rps": 165.0,
        "rps_nodb": 220.0,
        "rps_django_tenants": 150.0,
        "vs_django_tenants": 1.1,
        "vs_nodb": 0.75,
        "p99_ms": 326.7,
    }


def test_without_postgres_the_result_says_so_and_has_the_rest() -> None:
    result = requests.result_of([side(requests.OURS, 330), side(requests.NO_DATABASE, 440)])
    assert (result["rps_django_tenants"], result["vs_django_tenants"], result["vs_nodb"]) == (
        None,
        None,
        0.75,
    )


def test_without_postgres_that_side_is_skipped_with_a_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def nothing_found() -> Path:
        raise NoServerError("no initdb and postgres on PATH")

    monkeypatch.setattr(postgres, "_programs", nothing_found)
    with ExitStack() as stack:
        assert requests.rival_sides(stack, tmp_path, ["1", "1", "now"]) == []
    assert "django-tenants is skipped: no initdb and postgres on PATH" in capsys.readouterr().out


def test_targets_and_commands_are_read_as_they_were_written(tmp_path: Path) -> None:
    seeded.write(tmp_path / "file", [TARGET], ["reports:aggregate"])
    assert seeded.read_targets(tmp_path / "file") == [TARGET]
    assert seeded.read_commands(tmp_path / "file") == ["reports:aggregate"]
