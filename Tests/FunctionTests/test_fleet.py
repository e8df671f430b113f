"""A thousand groups heal at once, in a model of the account's request buckets; docs/fleet.md has the numbers."""

from functools import cache

import pytest

from fleet import Fleet
from fleet_page import CASES, PAGE, split, table


@cache
def played(name):
    return Fleet(**CASES[name])


@pytest.mark.parametrize("name", CASES)
def test_no_launch_is_abandoned(name):
    assert played(name).abandoned == 0


@pytest.mark.parametrize(("name", "times", "requests"), [("attached", 1.4, 50), ("until the data is there", 1.5, 60)])
def test_they_heal_nearly_as_fast_as_the_requests_allow(name, times, requests):
    """All of them but ten; the least time is that of requests sent at the very moment when they are allowed."""
    fleet = played(name)
    assert fleet.p99() <= times * fleet.least()
    assert fleet.requests() <= requests


def test_by_chance_it_is_much_the_same():
    fleet = Fleet(seed=2)
    assert fleet.abandoned == 0 and fleet.p99() <= 1.4 * fleet.least() and fleet.requests() <= 50


def test_the_same_seed_plays_the_same():
    first, second = Fleet(groups=200), Fleet(groups=200)
    assert [group.ended_at for group in first.groups] == [group.ended_at for group in second.groups]
    assert [group.requests for group in first.groups] == [group.requests for group in second.groups]


@pytest.mark.parametrize("name", ["attached", "until the data is there"])
def test_the_second_way_costs_little_where_the_first_one_delivered(name):
    with_it, without = played(f"{name}, and the second way"), played(name)
    assert with_it.requests() - without.requests() < 6
    assert with_it.p99() < 1.05 * without.p99()


def test_the_second_way_alone_heals_all_only_later():
    fleet = played("attached, by the second way alone")
    assert fleet.p99() <= 1.4 * fleet.least()


def test_one_group_alone_needs_the_least_of_requests():
    fleet = Fleet(groups=1)
    assert fleet.refused() == 0 and fleet.requests() <= 15


def test_the_page_says_what_is_played():
    """Otherwise write it anew: fleet_page.py says how."""
    assert split(PAGE.read_text())[1] == table({name: played(name) for name in CASES})
