"""A heal and a planned replacement, second by second; docs/heal.md has the numbers."""

import pytest

from played_heal import DELIVERED, PAGE, heal, replacement
from played_page import split, written


@pytest.mark.parametrize("image", ["stock", "prepared"])
def test_in_service_comes_after_the_data_or_after_the_attach(image):
    data, attached = heal(image=image), heal(image=image, until="attached")
    assert data["mounted"] < data["read"] <= data["completed"] < data["in service"]
    assert attached["attached"] < attached["completed"] and attached["in service"] < attached["mounted"]
    assert "read" not in attached


@pytest.mark.parametrize("side_by_side", [False, True])
def test_a_handed_over_volume_waits_for_no_machine_that_is_slow_to_be_off(side_by_side):
    slow, slower = (replacement(off=off, side_by_side=side_by_side) for off in (600, 840))
    assert slow == slower
    without = replacement(off=600, hand_over=0)
    assert slow["in service"] < without["in service"] - 480
    assert slow["released"] < slow["detached"] < slow["let go"] and slow["detached"] < slow["attached"]


def test_launched_at_once_it_is_never_slower_than_without():
    for off in 60, 600:
        with_it = replacement(off=off, side_by_side=True)
        assert with_it["in service"] < replacement(off=off, hand_over=0)["in service"]


@pytest.mark.parametrize("hangs", [0, 60, 600])
def test_a_dead_or_hung_instance_costs_no_more_than_the_way_of_the_event(hangs):
    with_it, without = heal(hangs=hangs), heal(hangs=hangs, hand_over=0)
    assert with_it["let go"] - with_it["ended"] < DELIVERED + 1
    assert with_it["in service"] - without["in service"] < DELIVERED + 1


def test_the_page_says_what_is_played():
    """Otherwise write it anew: played_page.py says how."""
    assert split(PAGE.read_text())[1] == written()
