"""Asking the sign-in service: bounded in time and size, never following a redirect elsewhere."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import requests
from urllib3.exceptions import HTTPError

# A key set, a discovery document or a token answer is a few kilobytes.
LARGEST_ANSWER = 256 * 1024
_AT_ONCE = 16 * 1024
# Nothing packed: a little could become a lot.
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}


class ProviderSilent(Exception):
    """The sign-in service does not answer, or answers with something that makes no sense."""


def get_json(url: str, *, timeout: float, bearer: str = "") -> dict[str, Any]:
    """The JSON object at ``url``, asked for with ``bearer`` as the access token where one is given.

    Raises ProviderSilent when it does not arrive whole within ``timeout`` seconds, is no JSON object, or is
    answered with anything but 200.
    """
    headers = _HEADERS | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    status, body = _exchange("GET", url, timeout=timeout, headers=headers)
    if status != 200:
        raise ProviderSilent(f"{_told(url)} answered {status}.")
    return _object(url, body)


def post_form(
    url: str, fields: Mapping[str, str], *, timeout: float, basic: tuple[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Status and JSON object that answer a form sent to ``url``, with ``basic`` as name and password.

    Raises ProviderSilent as ``get_json``, but for statuses 400 and 401, which are answers to the question.
    """
    status, body = _exchange("POST", url, timeout=timeout, headers=_HEADERS, data=dict(fields), auth=basic)
    if status not in (200, 400, 401):
        raise ProviderSilent(f"{_told(url)} answered {status}.")
    return status, _object(url, body)


def _exchange(method: str, url: str, *, timeout: float, **options: Any) -> tuple[int, bytes]:
    """A redirect is an answer like any other here: a code or a token follows none."""
    ends = time.monotonic() + timeout
    body = bytearray()
    try:
        with requests.request(
            method, url, timeout=timeout, allow_redirects=False, stream=True, **options
        ) as answer:
            # As much as has come, at each step: the library's own limit is for each read, and a service that
            # drips would hold a thread for ever.
            while piece := answer.raw.read1(_AT_ONCE, decode_content=False):
                body += piece
                if len(body) > LARGEST_ANSWER or time.monotonic() > ends:
                    raise ProviderSilent(f"{_told(url)} answers too much or too slowly.")
            return answer.status_code, bytes(body)
    except (requests.RequestException, HTTPError) as error:
        # The library's own words may quote the address with its parameters.
        raise ProviderSilent(f"{_told(url)} does not answer ({type(error).__name__}).") from None


def _object(url: str, body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise ProviderSilent(f"{_told(url)} did not answer with JSON.") from None
    if not isinstance(answer, dict):
        raise ProviderSilent(f"{_told(url)} did not answer with a JSON object.")
    return answer


def _told(url: str) -> str:
    return url.partition("?")[0]
