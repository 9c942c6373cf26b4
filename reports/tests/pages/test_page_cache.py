"""Keeping the pictures of pages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from reports.page_cache import PageCache, PageKey, digest_of


def key(name: str, org_id: str = "alpha_valuers") -> PageKey:
    return PageKey(org_id, "0" * 24, name)


def test_it_makes_pages_once() -> None:
    cache, made = PageCache(), []
    for _ in range(2):
        cache.get_or_make(key("a"), lambda: made.append(1) or [b"page"])  # type: ignore[func-returns-value]
    assert made == [1]


def test_it_never_gives_a_firm_the_pages_of_another() -> None:
    cache = PageCache()
    cache.get_or_make(key("a"), lambda: [b"page"])
    assert cache.get(key("a", org_id="beta_surveyors")) is None


def test_it_drops_what_was_used_longest_ago_when_there_are_too_many() -> None:
    cache = PageCache(documents=2)
    for name in ("a", "b"):
        cache.get_or_make(key(name), lambda: [b"page"])
    cache.get(key("a"))
    cache.get_or_make(key("c"), lambda: [b"page"])
    assert [cache.get(key(name)) is not None for name in "abc"] == [True, False, True]


def test_it_drops_what_was_used_longest_ago_when_they_are_too_large() -> None:
    cache = PageCache(size=10)
    for name in ("a", "b"):
        cache.get_or_make(key(name), lambda: [b"12345678"])
    assert [cache.get(key(name)) is not None for name in "ab"] == [False, True]


def test_it_keeps_nothing_of_a_failure() -> None:
    cache = PageCache()

    def fail() -> list[bytes]:
        raise KeyError("page")

    with pytest.raises(KeyError):
        cache.get_or_make(key("a"), fail)
    assert cache.get_or_make(key("a"), lambda: [b"page"]) == (b"page",)


def test_two_who_ask_at_once_wait_for_one_making() -> None:
    cache, together, entered, made = PageCache(), Barrier(2), Event(), []

    def make() -> list[bytes]:
        made.append(1)
        entered.wait(0.2)
        return [b"page"]

    def ask() -> tuple[bytes, ...]:
        together.wait()
        return cache.get_or_make(key("a"), make)

    with ThreadPoolExecutor(2) as pool:
        results = [future.result() for future in [pool.submit(ask), pool.submit(ask)]]
    assert (results, made) == ([(b"page",), (b"page",)], [1])


def test_a_digest_changes_with_the_documents_words() -> None:
    assert digest_of({"title": "A"}, []) != digest_of({"title": "B"}, [])


def test_a_digest_changes_with_the_pictures() -> None:
    assert digest_of({"title": "A"}, ["1"]) != digest_of({"title": "A"}, ["2"])


def test_a_digest_does_not_hang_on_the_order_of_keys() -> None:
    assert digest_of({"a": 1, "b": 2}, []) == digest_of({"b": 2, "a": 1}, [])
