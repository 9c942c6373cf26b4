"""The cache that all workers share: each change is one command, and of several at once each one counts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import cache as djangos
from django.db import connections

from tenants.models import CacheEntry
from tenants.mongodb.cache import MongoCache
from tenants.mongodb.monitoring import Command

Commands = Callable[[], AbstractContextManager[list[Command]]]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
AT_ONCE = 20


def worker() -> MongoCache:
    return MongoCache("", {})


@pytest.fixture
def cache(database: None) -> MongoCache:
    return worker()


def expire(key: str) -> None:
    CacheEntry.objects.filter(pk=f":1:{key}").update(expires_at=LONG_AGO)


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """What ``work`` returns to so many threads."""

    def one(number: int) -> Any:
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def test_it_is_the_cache_of_the_application(database: None) -> None:
    djangos.set("greeting", "hello")
    assert worker().get("greeting") == "hello"


@pytest.mark.parametrize("value", [7, 1.5, "$text", "", None, True, ["a", 1], {"$a.b": {"c": []}}])
def test_it_gives_back_what_it_was_given(cache: MongoCache, value: object) -> None:
    cache.set("one", value)
    assert worker().get("one", "absent") == value


@pytest.mark.parametrize("value", [object(), float("nan"), b"bytes"])
def test_it_takes_nothing_but_what_json_has(cache: MongoCache, value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        cache.set("one", value)


def test_what_expired_is_absent_before_it_is_removed(cache: MongoCache) -> None:
    cache.set("one", 1)
    expire("one")
    assert (cache.get("one"), cache.has_key("one"), cache.get_many(["one"])) == (None, False, {})


def test_what_never_expires_stays(cache: MongoCache) -> None:
    cache.set("one", 1, timeout=None)
    assert CacheEntry.objects.get().expires_at is None
    assert cache.get("one") == 1


def test_a_timeout_of_nothing_expires_at_once(cache: MongoCache) -> None:
    cache.set("one", 1, timeout=0)
    assert cache.get("one") is None


def test_adding_leaves_what_is_there(cache: MongoCache) -> None:
    assert [cache.add("one", 1), cache.add("one", 2), cache.get("one")] == [True, False, 1]


def test_adding_replaces_what_expired(cache: MongoCache) -> None:
    cache.set("one", 1)
    expire("one")
    assert [cache.add("one", 2), cache.get("one")] == [True, 2]


def test_of_those_who_add_at_once_one_does(cache: MongoCache) -> None:
    assert at_once(lambda number: worker().add("one", number)).count(True) == 1


def test_counting_up_at_once_counts_every_one(cache: MongoCache) -> None:
    cache.set("one", 0)
    assert sorted(at_once(lambda _: worker().incr("one"))) == list(range(1, AT_ONCE + 1))


def test_there_is_nothing_to_count_up_in_what_expired(cache: MongoCache) -> None:
    cache.set("one", 1)
    expire("one")
    with pytest.raises(ValueError, match="There is no 'one'"):
        cache.incr("one")


def test_counting_down_is_counting_up_backwards(cache: MongoCache) -> None:
    cache.set("one", 5)
    assert cache.decr("one", 2) == 3


def test_touching_moves_the_end(cache: MongoCache) -> None:
    cache.set("one", 1)
    assert [cache.touch("one", None), cache.touch("other")] == [True, False]
    assert CacheEntry.objects.get().expires_at is None


def test_several_are_set_read_and_removed_together(cache: MongoCache) -> None:
    cache.set_many({"a": 1, "b": [2], "c": 3})
    cache.delete_many(["a"])
    assert cache.get_many(["a", "b", "c", "d"]) == {"b": [2], "c": 3}


def test_removing_says_whether_there_was_anything(cache: MongoCache) -> None:
    cache.set("one", 1)
    assert [cache.delete("one"), cache.delete("one")] == [True, False]


def test_clearing_removes_everything(cache: MongoCache) -> None:
    cache.set("one", 1)
    cache.clear()
    assert not CacheEntry.objects.exists()


def test_a_long_key_is_kept_by_its_hash(cache: MongoCache) -> None:
    cache.set("k" * 300, 1)
    assert cache.get("k" * 300) == 1
    assert len(CacheEntry.objects.get().key) == 64


def test_keys_that_begin_alike_are_removed_together(cache: MongoCache) -> None:
    cache.set_many({"a.b:1": 1, "a.b:2": 2, "axb:3": 3})
    cache.delete_beginning("a.b:")
    assert cache.get_many(["a.b:1", "a.b:2", "axb:3"]) == {"axb:3": 3}


@pytest.mark.parametrize(
    "work",
    [
        lambda cache: cache.get("one"),
        lambda cache: cache.set("one", 1),
        lambda cache: cache.add("one", 1),
        lambda cache: cache.incr("counted"),
        lambda cache: cache.touch("one"),
        lambda cache: cache.get_many(["one", "two"]),
        lambda cache: cache.set_many({"one": 1, "two": 2}),
        lambda cache: cache.take("one", limit=5, seconds=60, locked=60),
    ],
)
def test_each_thing_is_one_command(
    cache: MongoCache, commands: Commands, work: Callable[[MongoCache], object]
) -> None:
    cache.set("counted", 0)
    with commands() as sent:
        work(cache)
    assert len(sent) == 1


# Taking -----------------------------------------------------------------------------------------------


def take(limit: int = 3, locked: float = 900) -> Any:
    return worker().take("doors", limit=limit, seconds=60, locked=locked)


def test_as_many_as_the_limit_are_granted(cache: MongoCache) -> None:
    assert [(one.granted, one.number) for one in (take(), take(), take(), take())] == [
        (True, 1),
        (True, 2),
        (True, 3),
        (False, 3),
    ]


def test_at_once_no_more_than_the_limit_are_granted(cache: MongoCache) -> None:
    assert at_once(lambda _: take(limit=5).granted).count(True) == 5


def test_the_last_one_locks_the_others_out_from_then_on(cache: MongoCache) -> None:
    ends = [take().until, take().until, take().until]
    assert ends[0] == ends[1]
    assert 800 < (ends[2] - ends[0]).total_seconds() < 900


def test_what_is_refused_does_not_prolong_the_lock(cache: MongoCache) -> None:
    locked = [take().until for _ in range(3)][-1]
    assert take().until == locked


def test_when_the_time_is_over_it_counts_anew(cache: MongoCache) -> None:
    for _ in range(3):
        take()
    expire("doors")
    assert (take().granted, take().number) == (True, 2)


def test_what_is_given_back_can_be_taken_again(cache: MongoCache) -> None:
    for _ in range(3):
        take()
    cache.give_back("doors")
    assert take().granted


def test_nothing_is_given_back_that_was_not_taken(cache: MongoCache) -> None:
    cache.give_back("doors")
    assert not CacheEntry.objects.exists()
