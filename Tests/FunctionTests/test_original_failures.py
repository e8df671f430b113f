"""What the 2018 original did wrong and the functions are answerable for, each under its number.

The others (8 to 13) concern the template and the user data, and are tested where those are made.
"""

import json

import pytest

from simulated_cloud import IN_USE, LOST_ANSWER
from test_attach import result
from test_scale_up import scale_up  # noqa: F401  (a fixture)


def test_failure_1_a_pending_instance_is_waited_for_within_the_same_invocation(cloud, attach):
    """It called a sleep that was never imported, and worked only because Lambda ran it again a minute later."""
    action = attach.launch(pending=45)
    assert attach(action.event()) == "CONTINUE"


def test_failure_2_the_volume_is_there_soon_after_the_instance_runs(cloud, attach):
    """The instance gave up after 60 seconds, before the second invocation could attach the volume."""
    action = attach.launch(pending=45)
    assert attach(action.event()) == "CONTINUE"
    attached = next(at for at, name, _ in cloud.calls if name == "AttachVolume")
    assert attached - 45 < 10


@pytest.mark.parametrize("attach_time", [1, 30, 300])
def test_failure_3_a_volume_that_is_still_attaching_does_not_complete_the_hook(cloud, attach, attach_time):
    cloud.attach_time = attach_time
    attach.configure([cloud.volume(), cloud.volume()], cloud.address())
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    assert attach.in_place(action.instance)


def test_failure_4_a_volume_in_use_a_lost_answer_and_a_second_event_are_not_fatal(cloud, attach):
    old = cloud.run()
    attach.configure(allocation=cloud.address(old))
    cloud.hold(attach.volumes[0], old)
    cloud.terminate(old, after=300)
    cloud.fail("AttachVolume", IN_USE, LOST_ANSWER)
    action = attach.launch()
    assert attach.twice(action.event()) == ["CONTINUE", "OVER"]
    assert attach(action.event()) == "OVER"
    assert attach.in_place(action.instance)
    assert result(action) == ["CONTINUE"]


def test_failure_4_a_hook_is_never_left_to_time_out(cloud, attach):
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    action = attach.launch()
    assert attach(action.event()) == "ABANDON"
    assert result(action) == ["ABANDON"]


def test_failure_5_a_launch_that_cannot_succeed_is_abandoned(cloud, attach):
    cloud.delete_volume(attach.volumes[0])
    action = attach.launch()
    assert attach(action.event()) == "ABANDON"
    assert cloud.state(action.instance) == "shutting-down"


def test_failure_6_delete_answers_with_what_python_itself_provides(scale_up):  # noqa: F811
    """It read an unbound variable on Delete, and `requests` is gone from botocore."""
    scale_up("Create")
    assert scale_up("Delete")["Status"] == "SUCCESS"
    assert not hasattr(scale_up.module, "requests")


def test_failure_7_the_physical_resource_id_is_the_same_for_every_request(scale_up):  # noqa: F811
    created = scale_up("Create")["PhysicalResourceId"]
    former = scale_up.group
    scale_up.group = scale_up.cloud.group()
    answers = [
        scale_up("Update", PhysicalResourceId=created),
        scale_up("Update", PhysicalResourceId=created, OldResourceProperties={"GroupName": former}),
        scale_up("Delete", PhysicalResourceId=created),
    ]
    assert {answer["PhysicalResourceId"] for answer in answers} == {created}
    assert json.dumps(answers).count("SUCCESS") == 3
