"""The attach function: requests that are refused since many heal at once, and a launch that takes more than one run."""

from itertools import pairwise

import pytest

from faults import RATE_EXCEEDED, THROTTLED


def times(cloud, name):
    return [at for at, called, _ in cloud.calls if called == name]


@pytest.mark.parametrize(
    ("name", "fault"), [("DescribeVolumes", THROTTLED), ("RecordLifecycleActionHeartbeat", RATE_EXCEEDED)]
)
def test_the_pause_doubles_while_requests_are_refused(cloud, attach, name, fault):
    cloud.fail(name, *[fault] * 6)
    assert attach(attach.launch(pending=0).event()) == "CONTINUE"
    pauses = [later - sooner for sooner, later in pairwise(times(cloud, name)[:7])]
    for pause, most in zip(pauses, (5, 10, 20, 30, 30, 30), strict=True):
        assert most * 0.75 <= pause <= most + 0.2


def test_those_who_were_refused_together_do_not_come_back_together(cloud, attach):
    cloud.fail("DescribeVolumes", *[THROTTLED] * 6)
    assert attach(attach.launch(pending=0).event()) == "CONTINUE"
    pauses = [later - sooner for sooner, later in pairwise(times(cloud, "DescribeVolumes")[2:7])]
    assert len({round(pause, 1) for pause in pauses}) > 1


def test_a_refused_request_is_sent_once_and_not_again_by_the_sdk(cloud, attach):
    cloud.fail("AttachVolume", *[THROTTLED] * 2)
    assert attach(attach.launch().event()) == "CONTINUE"
    assert cloud.count("AttachVolume") == 3


@pytest.mark.parametrize("name", ["AttachVolume", "AssociateAddress"])
def test_what_a_look_has_seen_is_kept_when_a_later_request_is_refused(cloud, attach, name):
    attach.configure(allocation=cloud.address())
    assert attach(attach.launch(pending=0).event()) == "CONTINUE"
    usual = len(cloud.calls)
    attach.configure(allocation=cloud.address())
    cloud.fail(name, *[THROTTLED] * 2)
    assert attach(attach.launch(pending=0).event()) == "CONTINUE"
    assert len(cloud.calls) - usual == usual + 2


def test_what_was_seen_is_believed_for_a_minute_only(cloud, attach):
    cloud.fail("AttachVolume", *[THROTTLED] * 8)
    assert attach(attach.launch(pending=0).event()) == "CONTINUE"
    asked = times(cloud, "DescribeInstances")
    assert len(asked) > 2 and all(60 < later - sooner < 91 for sooner, later in pairwise(asked))


def test_a_volume_of_several_whose_request_is_refused_does_not_have_the_others_attached_twice(cloud, attach):
    attach.configure([cloud.volume() for _ in range(3)])
    cloud.fail("AttachVolume", None, THROTTLED, THROTTLED)
    assert attach(attach.launch().event()) == "CONTINUE"
    assert cloud.count("AttachVolume") == 5


def test_volumes_are_asked_for_by_id_and_by_a_filter(cloud, attach):
    """The id says that a deleted volume is an error; with a filter EC2 allows twice as many requests."""
    assert attach(attach.launch().event()) == "CONTINUE"
    asked = [parameters for _, name, parameters in cloud.calls if name == "DescribeVolumes"]
    assert asked
    for parameters in asked:
        assert parameters["VolumeId.1"] == parameters["Filter.1.Value.1"] == attach.volumes[0]
        assert parameters["Filter.1.Name"] == "volume-id"


def test_nothing_is_changed_before_the_first_heartbeat_has_come_through(cloud, attach):
    cloud.fail("RecordLifecycleActionHeartbeat", *[RATE_EXCEEDED] * 4)
    assert attach(attach.launch(pending=0).event()) == "CONTINUE"
    assert times(cloud, "AttachVolume")[0] > times(cloud, "RecordLifecycleActionHeartbeat")[4]


def test_a_later_heartbeat_that_is_refused_holds_nothing_up(cloud, attach):
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    cloud.terminate(old, after=310)
    action = attach.launch()
    cloud.after(200, cloud.fail, "RecordLifecycleActionHeartbeat", *[RATE_EXCEEDED] * 100)
    assert attach(action.event()) == "CONTINUE"
    assert cloud.clock.now < 360
