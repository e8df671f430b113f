"""The attach function: faults that are looked at again, and mistakes in its configuration or in itself."""

import threading

import pytest
from botocore.config import Config

from faults import (
    ACCESS_DENIED,
    IN_USE,
    INCORRECT_STATE,
    INTERNAL,
    LOST_ANSWER,
    LOST_REQUEST,
    RATE_EXCEEDED,
    THROTTLED,
    UNAUTHORIZED,
    Fault,
)


@pytest.mark.parametrize("action_name", ["AttachVolume", "AssociateAddress", "CompleteLifecycleAction"])
@pytest.mark.parametrize("fault", [LOST_ANSWER, LOST_REQUEST], ids=str)
@pytest.mark.parametrize("times", [1, 3, 4])
def test_lost_answer(cloud, attach, action_name, fault, times):
    attach.configure(allocation=cloud.address())
    cloud.fail(action_name, *[fault] * times)
    action = attach.launch()
    assert attach(action.event()) in ("CONTINUE", "OVER")
    assert attach.in_place(action.instance)
    assert action.outcomes == ["CONTINUE"]


def test_an_answer_that_takes_too_long_is_a_lost_one(cloud, attach, attach_module, monkeypatch):
    """With a real timeout on a real socket: EC2 attaches, and the client no longer listens."""
    monkeypatch.setattr(attach_module, "CALLS", Config(read_timeout=3, retries={"total_max_attempts": 1}))
    attach_module.client.cache_clear()
    released = threading.Event()
    answer = cloud.after_AttachVolume

    def slow(parameters, body):
        answer(parameters, body)
        cloud.lock.release()
        released.wait()
        cloud.lock.acquire()
        return body

    monkeypatch.setattr(cloud, "after_AttachVolume", slow)
    action = attach.launch()
    try:
        assert attach(action.event()) == "CONTINUE"
    finally:
        released.set()
        attach_module.client.cache_clear()
    assert attach.said("Read timeout")
    assert cloud.count("AttachVolume") == 1


@pytest.mark.parametrize("fault", [THROTTLED, RATE_EXCEEDED, INTERNAL], ids=str)
def test_throttled(cloud, attach, fault):
    attach.configure(allocation=cloud.address())
    for name in (
        "DescribeInstances",
        "DescribeVolumes",
        "AttachVolume",
        "DescribeAddresses",
        "AssociateAddress",
        "RecordLifecycleActionHeartbeat",
        "CompleteLifecycleAction",
    ):
        cloud.fail(name, *[fault] * 3)
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    assert attach.in_place(action.instance)


def test_throttled_to_the_end(cloud, attach):
    attach.timeout = 300
    cloud.fail("DescribeVolumes", *[THROTTLED] * 1000)
    action = attach.launch()
    action.began -= 2500
    assert attach(action.event()) == "ABANDON"
    (line,) = attach.said("Giving the launch up.")
    assert line["reason"] == "the time is up" and "RequestLimitExceeded" in line["error"]


@pytest.mark.parametrize("fault", [IN_USE, INCORRECT_STATE], ids=str)
def test_volume_in_use_and_incorrect_state_are_looked_at_again(cloud, attach, fault):
    cloud.fail("AttachVolume", *[fault] * 10)
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    assert cloud.count("AttachVolume") == 11


def test_a_refusal_that_passes_is_not_believed(cloud, attach):
    cloud.fail("AttachVolume", UNAUTHORIZED, UNAUTHORIZED)
    cloud.fail("RecordLifecycleActionHeartbeat", ACCESS_DENIED, ACCESS_DENIED)
    assert attach(attach.launch().event()) == "CONTINUE"


def test_different_refusals_in_a_row_are_not_believed(cloud, attach):
    cloud.fail("AttachVolume", UNAUTHORIZED, ACCESS_DENIED, Fault("ValidationError"), Fault("ValidationError"))
    assert attach(attach.launch().event()) == "CONTINUE"


@pytest.mark.parametrize(
    "volumes",
    [
        "",
        "vol-1",
        "/dev/sdf=",
        "=vol-1",
        "/dev/sdf=vol-1,",
        "/dev/sdf=vol-1,/dev/sdf=vol-2",
        "/dev/sdf=vol-1,/dev/sdg=vol-1",
    ],
)
def test_volumes_that_cannot_be_read_abandon_the_launch(cloud, attach, monkeypatch, volumes):
    monkeypatch.setenv("VOLUMES", volumes)
    assert attach(attach.launch().event()) == "ABANDON"
    assert attach.said("VOLUMES is not a list")


def test_an_unexpected_error_abandons_the_launch_with_its_trace(cloud, attach, attach_module, monkeypatch):
    monkeypatch.setattr(attach_module.Launch, "look", lambda *_: 1 / 0)
    assert attach(attach.launch().event()) == "ABANDON"
    assert "ZeroDivisionError" in attach.said("An unexpected error.")[0]["trace"]


@pytest.mark.parametrize("volumes", ["vol-1", None])
def test_an_action_that_is_not_known_everywhere_yet_is_completed_all_the_same(cloud, attach, volumes):
    """What ends at once, before any heartbeat was a proof."""
    if volumes:
        attach.want(VOLUMES=volumes)
        action = attach.launch(pending=0)
    else:
        action = cloud.leave(attach.group, cloud.run())
    cloud.fail("CompleteLifecycleAction", *[Fault("ValidationError")] * 2)
    assert attach(action.event()) == action.ended
    assert action.ended == ("ABANDON" if volumes else "CONTINUE")
