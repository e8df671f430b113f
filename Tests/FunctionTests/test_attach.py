"""The attach function, one situation at a time."""

import threading

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from simulated_cloud import (
    ACCESS_DENIED,
    IN_USE,
    INCORRECT_STATE,
    INTERNAL,
    LOST_ANSWER,
    LOST_REQUEST,
    OTHER_ZONE,
    RATE_EXCEEDED,
    THROTTLED,
    UNAUTHORIZED,
    Fault,
    volume_states,
)

FORBIDDEN = {"DetachVolume", "DisassociateAddress", "TerminateInstances", "StopInstances", "DeleteVolume"}


@pytest.fixture(autouse=True)
def nothing_is_ever_taken_away(cloud):
    yield
    assert not {name for _, name, _ in cloud.calls} & FORBIDDEN
    assert not any(key == "Force" for _, _, parameters in cloud.calls for key in parameters)


@pytest.fixture(autouse=True)
def every_line_names_the_instance(attach):
    yield
    assert all(line["host.id"] and line["message"] and line["level"] for line in attach.lines)


def result(action):
    return [outcome for _, outcome, _ in action.completions]


# The first launch and the replacement


def test_first_launch(cloud, attach):
    attach.configure(allocation=cloud.address())
    action = attach.launch(pending=20)
    assert attach(action.event()) == "CONTINUE"
    assert attach.in_place(action.instance)
    assert result(action) == ["CONTINUE"]
    assert cloud.clock.now < 60


def test_waits_until_the_instance_runs_before_it_attaches(cloud, attach):
    action = attach.launch(pending=300)
    assert attach(action.event()) == "CONTINUE"
    assert cloud.count("AttachVolume") == 1
    assert min(at for at, name, _ in cloud.calls if name == "AttachVolume") > 300


def test_an_instance_that_is_not_visible_yet_is_waited_for(cloud, attach):
    action = attach.launch()
    cloud.hide_instances_until = 30
    assert attach(action.event()) == "CONTINUE"
    assert attach.said("not visible yet")


def test_replacement_while_the_old_instance_holds_the_volume_for_ten_minutes(cloud, attach):
    old = cloud.run()
    attach.configure(allocation=cloud.address(old))
    cloud.hold(attach.volumes[0], old)
    cloud.terminate(old, after=600)
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    assert attach.in_place(action.instance)
    assert cloud.count("AttachVolume") == 1
    (waiting,) = attach.said("another instance to release the volume")
    assert (waiting["holder.id"], waiting["holder.state"]) == (old, "shutting-down")
    assert waiting["volume.id"] == attach.volumes[0]


def test_a_volume_that_is_being_detached_is_waited_for(cloud, attach):
    old = cloud.run()
    cloud.hold(attach.volumes[0], old, state="detaching")
    cloud.after(90, cloud.release, attach.volumes[0])
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    assert attach.said('"volume.attachment_state": "detaching"')


def test_a_volume_that_is_being_detached_from_this_instance_is_waited_for(cloud, attach):
    action = attach.launch(pending=0)
    cloud.hold(attach.volumes[0], action.instance, state="detaching")
    cloud.after(30, cloud.release, attach.volumes[0])
    assert attach(action.event()) == "CONTINUE"
    assert attach.in_place(action.instance)


def test_a_holder_that_never_lets_go_is_left_alone_and_named(cloud, attach):
    attach.timeout = 300
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    action = attach.launch()
    assert attach(action.event()) == "ABANDON"
    assert cloud.holder(attach.volumes[0]) == old
    (line,) = attach.said("Giving the launch up.")
    assert (line["reason"], line["holder.id"], line["holder.state"]) == ("the time is up", old, "running")


def test_the_launch_after_an_abandoned_one_succeeds(cloud, attach):
    attach.timeout = 300
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    cloud.terminate(old, after=350)
    first = attach.launch()
    assert attach(first.event()) == "ABANDON"
    assert cloud.state(first.instance) in ("shutting-down", "terminated")
    second = attach.launch()
    assert attach(second.event()) == "CONTINUE"
    assert attach.in_place(second.instance)


def test_address_still_associated_with_the_old_instance(cloud, attach):
    old = cloud.run()
    attach.configure(allocation=cloud.address(old))
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    assert attach.in_place(action.instance)
    (line,) = attach.said("Associating the address.")
    assert line["holder.id"] == old


def test_no_address(cloud, attach, monkeypatch):
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    assert not cloud.count("DescribeAddresses") and not cloud.count("AssociateAddress")
    monkeypatch.delenv("ALLOCATION_ID")
    assert attach(attach.configure([cloud.volume()]).launch().event()) == "CONTINUE"


def test_several_volumes_attach_side_by_side_before_the_address(cloud, attach):
    cloud.attach_time = 60
    attach.configure([cloud.volume() for _ in range(4)], cloud.address())
    action = attach.launch(pending=0)
    assert attach(action.event()) == "CONTINUE"
    assert attach.in_place(action.instance)
    assert cloud.clock.now < 90
    devices = {cloud.backend.volumes[each].attachment.device for each in attach.volumes}
    assert devices == {"/dev/sdf", "/dev/sdg", "/dev/sdh", "/dev/sdi"}
    names = [name for _, name, _ in cloud.calls]
    assert names.index("AssociateAddress") > max(i for i, name in enumerate(names) if name == "AttachVolume")


def test_one_volume_held_keeps_the_address_where_it_is(cloud, attach):
    attach.timeout = 300
    old = cloud.run()
    attach.configure([cloud.volume(), cloud.volume()], cloud.address(old))
    cloud.hold(attach.volumes[1], old)
    action = attach.launch()
    assert attach(action.event()) == "ABANDON"
    assert cloud.address_of(attach.allocation) == old


def test_attached_under_another_device_name_is_accepted_and_said(cloud, attach):
    action = attach.launch(pending=0)
    cloud.hold(attach.volumes[0], action.instance, device="/dev/sdz")
    assert attach(action.event()) == "CONTINUE"
    assert not cloud.count("AttachVolume")
    assert attach.said("Attached under another device name.")[0]["volume.device"] == "/dev/sdz"


def test_the_hook_is_kept_alive_while_it_waits(cloud, attach):
    cloud.hook_timeout = 90
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    cloud.terminate(old, after=500)
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    assert 8 <= cloud.count("RecordLifecycleActionHeartbeat") <= 12


# Events that arrive twice, late, or for others


def test_event_twice_in_a_row(cloud, attach):
    attach.configure(allocation=cloud.address())
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    done = len(cloud.calls)
    assert attach(action.event()) == "OVER"
    assert {name for _, name, _ in cloud.calls[done:]} == {"RecordLifecycleActionHeartbeat"}
    assert result(action) == ["CONTINUE"]


def test_event_twice_at_the_same_time(cloud, attach):
    attach.configure(allocation=cloud.address())
    action = attach.launch()
    assert attach.twice(action.event()) == ["CONTINUE", "OVER"]
    assert attach.in_place(action.instance)
    assert result(action) == ["CONTINUE"]
    for change in "AttachVolume", "AssociateAddress", "CompleteLifecycleAction":
        assert cloud.count(change) == 2, f"they did not meet at {change}"


def test_an_event_hours_later_leaves_an_instance_in_service_alone(cloud, attach):
    attach.configure(allocation=cloud.address())
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    cloud.release(attach.volumes[0])  # by an operator, for maintenance
    cloud.clock.sleep(3 * 3600)
    assert attach(action.event()) == "OVER"
    assert not cloud.holder(attach.volumes[0])


def test_an_event_of_another_hook_group_transition_or_for_a_warm_pool_is_ignored(cloud, attach):
    action = attach.launch()
    for changes in (
        {"AutoScalingGroupName": "another"},
        {"AutoScalingGroupName": None},
        {"LifecycleHookName": "another"},
        {"LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"},
        {"Destination": "WarmPool"},
        {"EC2InstanceId": "", "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"},
    ):
        assert attach(action.event(**changes)) == "IGNORED"
    attach.lines[:] = [line for line in attach.lines if line["host.id"]]
    assert not cloud.calls and not action.ended


def test_an_event_without_any_detail_is_ignored(cloud, attach):
    assert attach({"source": "test"}) == "IGNORED"
    attach.lines.clear()
    assert not cloud.calls


def test_origin_destination_and_token_are_not_required(cloud, attach):
    action = attach.launch()
    assert attach(action.event(Origin=None, Destination=None, LifecycleActionToken=None)) == "CONTINUE"


def test_an_instance_from_a_warm_pool_is_served(cloud, attach):
    assert attach(attach.launch().event(Origin="WarmPool")) == "CONTINUE"


# Faults that are looked at again


@pytest.mark.parametrize("action_name", ["AttachVolume", "AssociateAddress", "CompleteLifecycleAction"])
@pytest.mark.parametrize("fault", [LOST_ANSWER, LOST_REQUEST], ids=str)
@pytest.mark.parametrize("times", [1, 3, 4])
def test_lost_answer(cloud, attach, action_name, fault, times):
    attach.configure(allocation=cloud.address())
    cloud.fail(action_name, *[fault] * times)
    action = attach.launch()
    assert attach(action.event()) in ("CONTINUE", "OVER")
    assert attach.in_place(action.instance)
    assert result(action) == ["CONTINUE"]


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
        cloud.fail(name, *[fault] * 5)
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    assert attach.in_place(action.instance)


def test_throttled_to_the_end(cloud, attach):
    attach.timeout = 300
    cloud.fail("DescribeVolumes", *[THROTTLED] * 1000)
    action = attach.launch()
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


# Launches that nothing can come of


@pytest.mark.parametrize("state", ["shutting-down", "terminated", "stopping", "stopped"])
@pytest.mark.parametrize(
    "phase", ["before it is looked at", "while pending", "while held", "while attaching", "while associating"]
)
def test_instance_dies(cloud, attach, phase, state):
    old = cloud.run()
    attach.configure(allocation=cloud.address(old))
    action = attach.launch(pending=0 if phase != "while pending" else 100)
    if phase == "while held":
        cloud.hold(attach.volumes[0], old)
    if phase == "while attaching":
        cloud.attach_time = 200
    if phase == "while associating":
        cloud.fail("AssociateAddress", *[THROTTLED] * 100)
    cloud.after(0 if phase == "before it is looked at" else 40, cloud.set_state, action.instance, state)
    assert attach(action.event()) == "ABANDON"
    assert cloud.clock.now < 100
    assert result(action) == ["ABANDON"]
    assert cloud.address_of(attach.allocation) == old
    assert attach.said(f"the instance is {state}")


def test_group_deleted(cloud, attach):
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    action = attach.launch()
    cloud.after(50, cloud.delete_group, attach.group)
    assert attach(action.event()) == "OVER"
    assert action.ended == "the group was deleted" and not action.completions
    assert cloud.clock.now < 130


def test_the_action_ends_while_the_instance_lives_on(cloud, attach):
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    action = attach.launch()
    cloud.after(50, setattr, action, "ended", "by an operator")
    cloud.after(51, cloud.release, attach.volumes[0])
    cloud.after(50, cloud.fail, "DescribeVolumes", *[THROTTLED] * 40)
    assert attach(action.event()) == "OVER"
    assert not cloud.count("AttachVolume")


@pytest.mark.parametrize("when", [0, 40])
def test_volume_deleted(cloud, attach, when):
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    cloud.after(when, cloud.delete_volume, attach.volumes[0])
    action = attach.launch(pending=0)
    assert attach(action.event()) == "ABANDON"
    assert cloud.clock.now < when + 30
    assert "InvalidVolume.NotFound" in attach.said("Giving the launch up.")[0]["reason"]


def test_volume_in_another_zone(cloud, attach):
    attach.configure([cloud.volume(OTHER_ZONE)])
    action = attach.launch(pending=0)
    assert attach(action.event()) == "ABANDON"
    assert cloud.clock.now < 5
    assert "eu-west-1b, the instance in eu-west-1a" in attach.said("Giving the launch up.")[0]["reason"]


@pytest.mark.parametrize("state", ["error", "deleting", "deleted"])
def test_volume_in_a_state_it_does_not_leave(cloud, attach, state):
    volume_states[attach.volumes[0]] = state
    action = attach.launch(pending=0)
    assert attach(action.event()) == "ABANDON"
    assert cloud.clock.now < 5
    assert f"is in state {state}" in attach.said("Giving the launch up.")[0]["reason"]


def test_volume_still_being_created_is_waited_for(cloud, attach):
    volume_states[attach.volumes[0]] = "creating"
    cloud.after(60, volume_states.pop, attach.volumes[0])
    assert attach(attach.launch().event()) == "CONTINUE"


def test_address_released(cloud, attach):
    attach.configure(allocation="eipalloc-00000000000000000")
    assert attach(attach.launch(pending=0).event()) == "ABANDON"
    assert "InvalidAllocationID.NotFound" in attach.said("Giving the launch up.")[0]["reason"]


@pytest.mark.parametrize("name", ["DescribeInstances", "DescribeVolumes", "AttachVolume", "AssociateAddress"])
def test_a_permission_that_is_missing(cloud, attach, name):
    attach.configure(allocation=cloud.address())
    cloud.fail(name, *[UNAUTHORIZED] * 100)
    assert attach(attach.launch(pending=0).event()) == "ABANDON"
    assert cloud.clock.now < 60
    assert "UnauthorizedOperation" in attach.said("Giving the launch up.")[0]["reason"]


def test_another_volume_on_the_device(cloud, attach):
    action = attach.launch(pending=0)
    cloud.hold(cloud.volume(), action.instance)
    assert attach(action.event()) == "ABANDON"
    assert "already in use" in attach.said("Giving the launch up.")[0]["reason"]


# The budget


@pytest.mark.parametrize("timeout", [200, 900])
def test_budget_runs_out(cloud, attach, timeout):
    attach.timeout = timeout
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    action = attach.launch()
    assert attach(action.event()) == "ABANDON"
    assert timeout - 110 < cloud.clock.now < timeout - 50


def test_budget_runs_out_while_every_call_takes_its_whole_time(cloud, attach):
    cloud.fail("DescribeInstances", *[LOST_REQUEST] * 1000)
    action = attach.launch()
    assert attach(action.event()) == "ABANDON"
    assert result(action) == ["ABANDON"]


@pytest.mark.parametrize("fault", [THROTTLED, LOST_REQUEST], ids=str)
def test_a_completion_that_cannot_be_delivered_is_raised_so_that_lambda_tries_again(cloud, attach, fault):
    cloud.fail("CompleteLifecycleAction", *[fault] * 1000)
    action = attach.launch()
    with pytest.raises((ClientError, BotoCoreError)):
        attach(action.event())
    cloud.faults.clear()
    cloud.hook_timeout = 7200
    action.deadline += 7200
    assert attach(action.event()) == "CONTINUE"


# Mistakes in the configuration, and in the function


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
