"""The launch that takes longer than one run of the function, and the second way of its event."""

import pytest

from faults import LOST_REQUEST, THROTTLED, Fault
from lifecycle_action import records


def test_a_launch_whose_volume_is_held_for_long_is_run_again_and_succeeds(cloud, attach):
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    cloud.terminate(old, after=1500)
    action = attach.launch()
    assert attach.deliver(action.event()) == "CONTINUE"
    assert attach.in_place(action.instance) and action.outcomes == ["CONTINUE"]
    (line, *_) = attach.said("to be run again")
    assert line["holder.id"] == old


def test_the_hook_is_kept_alive_between_two_runs(cloud, attach):
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    action = attach.launch()
    with pytest.raises(attach.module.RunAgain):
        attach(action.event())
    assert action.deadline - cloud.clock.now > cloud.hook_timeout - 5


def test_a_clock_that_cannot_be_restarted_is_no_reason_to_abandon(cloud, attach):
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    action = attach.launch()
    cloud.after(790, cloud.fail, "RecordLifecycleActionHeartbeat", *[THROTTLED] * 1000)
    with pytest.raises(attach.module.RunAgain):
        attach(action.event())
    assert not action.ended


def test_the_last_run_abandons_the_launch(cloud, attach):
    """The third one: Lambda runs an event no more often, and the hook would wait for its own time to run out."""
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    action = attach.launch()
    assert attach.deliver(action.event()) == "ABANDON"
    assert 2400 < cloud.clock.now < 2700
    assert len(attach.said("to be run again")) == 2


def test_a_silent_console_is_waited_for_in_the_next_runs_too(cloud, attach):
    attach.want(LAUNCH_UNTIL="data")
    action = attach.launch()
    attach.announce(action.instance, "mounted", after=1300)
    assert attach.deliver(action.event()) == "CONTINUE"
    assert 1300 < cloud.clock.now < 1330
    assert cloud.count("AttachVolume") == 1


def test_an_instance_that_was_never_seen_is_not_run_again(cloud, attach):
    cloud.fail("DescribeInstances", *[LOST_REQUEST] * 1000)
    assert attach(attach.launch().event()) == "ABANDON"


@pytest.mark.parametrize("code", ["CustomerKeyHasBeenRevoked", "InvalidKMSKey.InvalidState", "AttachmentLimitExceeded"])
def test_what_no_look_will_change_is_believed_the_third_time(cloud, attach, code):
    cloud.fail("AttachVolume", *[Fault(code)] * 1000)
    assert attach(attach.launch(pending=0).event()) == "ABANDON"
    assert cloud.count("AttachVolume") == 3 and cloud.clock.now < 30
    assert code in attach.said("Giving the launch up.")[0]["reason"]


def test_a_grant_that_is_not_known_everywhere_yet_is_waited_for(cloud, attach):
    cloud.fail("AttachVolume", *[Fault("CustomerKeyHasBeenRevoked")] * 2)
    assert attach(attach.launch(pending=0).event()) == "CONTINUE"


def test_an_event_that_was_lost_is_served_by_the_queue(cloud, attach):
    attach.configure(allocation=cloud.address()).want(LAUNCH_UNTIL="data")
    action = attach.launch(pending=0)
    attach.announce(action.instance, "mounted", after=60)
    assert attach(action.message()) == "CONTINUE"
    assert attach.in_place(action.instance) and cloud.clock.now < 140


def test_the_queue_costs_next_to_nothing_when_the_event_has_been_served(cloud, attach):
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    done = len(cloud.calls)
    assert attach(action.message()) == "OVER"
    assert {name for _, name, _ in cloud.calls[done:]} == {"RecordLifecycleActionHeartbeat"}
    assert len(cloud.calls) <= done + 3


@pytest.mark.parametrize("until", ["data", "attached"])
def test_both_ways_at_the_same_time_cost_little_more_than_one(cloud, attach, until):
    attach.configure(allocation=cloud.address()).want(LAUNCH_UNTIL=until)
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    cloud.terminate(old, after=600)
    action = attach.launch()
    attach.announce(action.instance, "mounted", after=700)
    outcomes = []
    cloud.clock.side_by_side(
        lambda: outcomes.append(attach(action.event())), lambda: outcomes.append(attach(action.message()))
    )
    assert sorted(outcomes) == ["CONTINUE", "OVER"]
    assert attach.in_place(action.instance) and action.outcomes == ["CONTINUE"]
    by_caller: dict[str, list[str]] = {}
    for _, name, parameters in cloud.calls:
        by_caller.setdefault(parameters["X-Caller"], []).append(name)
    few, many = sorted(len(each) for each in by_caller.values())
    assert few < 80 and few < many / 2


def test_a_test_notification_and_those_of_others_are_ignored(cloud, attach):
    test = {
        "Event": "autoscaling:TEST_NOTIFICATION",
        "AutoScalingGroupName": attach.group,
        "Service": "AWS Auto Scaling",
    }
    other = {**attach.launch().detail(), "AutoScalingGroupName": "another"}
    assert attach(records(test)) == attach(records(other)) == "IGNORED"
    attach.lines.clear()
    assert not cloud.calls
