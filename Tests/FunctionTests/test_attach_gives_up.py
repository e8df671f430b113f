"""The attach function: launches that nothing can come of, and the time that it has."""

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from account import OTHER_ZONE, volume_states
from faults import LOST_REQUEST, THROTTLED, UNAUTHORIZED


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
    assert action.outcomes == ["ABANDON"]
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


@pytest.mark.parametrize("timeout", [200, 900])
def test_budget_runs_out(cloud, attach, timeout):
    attach.timeout = timeout
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    action = attach.launch()
    action.began -= 2500
    assert attach(action.event()) == "ABANDON"
    assert timeout - 110 < cloud.clock.now < timeout - 50


def test_budget_runs_out_while_every_call_takes_its_whole_time(cloud, attach):
    cloud.fail("DescribeInstances", *[LOST_REQUEST] * 1000)
    action = attach.launch()
    assert attach(action.event()) == "ABANDON"
    assert action.outcomes == ["ABANDON"]


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
