"""The function behind the custom resource, with CloudFormation as a server on loopback that takes the answers."""

import json

import pytest

from clock import Context
from faults import ACCESS_DENIED, LOST_ANSWER, LOST_REQUEST, RATE_EXCEEDED, THROTTLED, Fault


def test_create_sets_the_group_to_one(cloud, scale_up):
    answer = scale_up("Create")
    assert answer["Status"] == "SUCCESS"
    assert scale_up.desired() == 1
    assert cloud.groups[scale_up.group].min_size == 0
    assert len(scale_up.instances()) == 1


def test_create_twice_launches_once(cloud, scale_up):
    first, second = scale_up("Create"), scale_up("Create")
    assert first["PhysicalResourceId"] == second["PhysicalResourceId"] == "autoheal-ScaleupAutohealAction"
    assert len(scale_up.instances()) == 1
    assert cloud.count("UpdateAutoScalingGroup") == 1


@pytest.mark.parametrize("fault", [THROTTLED, RATE_EXCEEDED, LOST_ANSWER, LOST_REQUEST], ids=str)
@pytest.mark.parametrize("times", [1, 5])
def test_create_looks_again_after_a_fault(cloud, scale_up, fault, times):
    cloud.fail("DescribeAutoScalingGroups", *[fault] * times)
    cloud.fail("UpdateAutoScalingGroup", *[fault] * times)
    assert scale_up("Create")["Status"] == "SUCCESS"
    assert scale_up.desired() == 1 and len(scale_up.instances()) == 1


def test_create_waits_for_a_role_that_is_not_known_everywhere_yet(cloud, scale_up):
    cloud.fail("UpdateAutoScalingGroup", *[ACCESS_DENIED] * 8)
    assert scale_up("Create")["Status"] == "SUCCESS"


def test_create_fails_within_minutes_when_it_may_not(cloud, scale_up):
    cloud.fail("UpdateAutoScalingGroup", *[ACCESS_DENIED] * 100)
    answer = scale_up("Create")
    assert answer["Status"] == "FAILED" and "AccessDenied" in answer["Reason"]
    assert cloud.clock.now < 120


def test_create_of_a_group_that_is_not_there(cloud, scale_up):
    answer = scale_up("Create", ResourceProperties={"GroupName": "missing"})
    assert answer["Status"] == "FAILED" and "missing" in answer["Reason"]


@pytest.mark.parametrize("fault", [None, THROTTLED, LOST_REQUEST, LOST_ANSWER])
def test_create_after_a_deletion_that_left_the_group_makes_room(cloud, scale_up, fault):
    """As when a creation has failed without a rollback: the next operation deletes the resource and creates it anew."""
    scale_up("Create")
    assert scale_up("Delete")["Status"] == "SUCCESS" and cloud.groups[scale_up.group].max_size == 0
    cloud.fail("UpdateAutoScalingGroup", fault)
    assert scale_up("Create")["Status"] == "SUCCESS" and len(scale_up.instances()) == 1


def test_update_keeps_the_id_and_leaves_a_running_group_alone(cloud, scale_up):
    scale_up("Create")
    running = scale_up.instances()
    done = len(cloud.calls)
    answer = scale_up("Update")
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "the-id-of-before")
    assert scale_up.instances() == running and len(cloud.calls) == done


def test_update_leaves_a_group_alone_that_its_owner_scaled_to_zero(cloud, scale_up):
    assert scale_up("Update")["Status"] == "SUCCESS"
    assert scale_up.desired() == 0


def test_update_scales_a_group_up_that_replaces_the_former_one(cloud, scale_up):
    former = scale_up.group
    scale_up("Create")
    scale_up.group = cloud.group()
    answer = scale_up("Update", OldResourceProperties={"GroupName": former})
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "the-id-of-before")
    assert scale_up.desired() == 1 and scale_up.desired(former) == 1


def test_delete_sets_the_sizes_to_zero_and_waits_until_the_instance_is_gone(cloud, scale_up):
    scale_up("Create")
    cloud.groups[scale_up.group].min_size = 1
    cloud.terminate_time = 300
    (instance,) = scale_up.instances()
    volume = cloud.volume()
    cloud.hold(volume, instance)
    assert scale_up("Delete")["Status"] == "SUCCESS"
    assert cloud.clock.now > 300
    assert cloud.state(instance) == "terminated" and not cloud.holder(volume)
    assert not scale_up.instances() and cloud.groups[scale_up.group].min_size == 0
    assert any(line.get("host.id") == instance for line in scale_up.lines)


def test_delete_waits_for_an_instance_that_the_group_has_forgotten(cloud, scale_up):
    scale_up("Create")
    (instance,) = scale_up.instances()
    cloud.terminate_time = 100
    cloud.delete_group(scale_up.group)
    assert scale_up("Delete")["Status"] == "SUCCESS"
    assert cloud.state(instance) == "terminated"


def test_delete_of_a_group_already_gone(cloud, scale_up):
    cloud.delete_group(scale_up.group)
    assert scale_up("Delete")["Status"] == "SUCCESS"


def test_delete_of_a_group_that_goes_meanwhile(cloud, scale_up):
    scale_up("Create")
    cloud.after(20, cloud.delete_group, scale_up.group)
    cloud.fail("UpdateAutoScalingGroup", *[Fault("ScalingActivityInProgress")] * 10)
    assert scale_up("Delete")["Status"] == "SUCCESS"


def test_delete_twice(cloud, scale_up):
    scale_up("Create")
    assert scale_up("Delete")["Status"] == scale_up("Delete")["Status"] == "SUCCESS"


def test_delete_without_a_group_name_does_not_block_the_rollback(scale_up):
    assert scale_up("Delete", ResourceProperties={"ServiceToken": "arn"})["Status"] == "SUCCESS"
    assert scale_up("Create", ResourceProperties={"ServiceToken": "arn"})["Status"] == "FAILED"


@pytest.mark.parametrize("fault", [THROTTLED, LOST_ANSWER, LOST_REQUEST, Fault("ResourceContention")], ids=str)
def test_delete_looks_again_after_a_fault(cloud, scale_up, fault):
    scale_up("Create")
    for name in ("DescribeAutoScalingGroups", "UpdateAutoScalingGroup", "DescribeInstances"):
        cloud.fail(name, *[fault] * 4)
    assert scale_up("Delete")["Status"] == "SUCCESS"
    assert not scale_up.instances()


@pytest.mark.parametrize("timeout", [150, 600])
def test_delete_answers_before_the_time_is_up_and_names_the_instance(cloud, scale_up, timeout):
    scale_up.timeout = timeout
    scale_up("Create")
    (instance,) = scale_up.instances()
    cloud.terminate_time = 5000
    answer = scale_up("Delete")
    assert answer["Status"] == "FAILED"
    assert instance in answer["Reason"] and "shutting-down" in answer["Reason"]


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
@pytest.mark.parametrize("fault", [THROTTLED, LOST_REQUEST], ids=str)
def test_answers_before_the_time_is_up_though_no_call_succeeds(cloud, scale_up, kind, fault):
    scale_up.timeout = 300
    cloud.fail("DescribeAutoScalingGroups", *[fault] * 1000)
    answer = scale_up(kind, OldResourceProperties={"GroupName": "another"})
    assert answer["Status"] == "FAILED" and "the time is up" in answer["Reason"]


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete", "Unknown", None])
def test_answers_after_an_unexpected_error(scale_up, scale_up_module, monkeypatch, kind):
    monkeypatch.setattr(scale_up_module.Request, "call", lambda *_, **__: 1 / 0)
    answer = scale_up(kind, OldResourceProperties={"GroupName": "another"})
    assert answer["Status"] == "FAILED"


def test_answers_an_event_that_lacks_nearly_everything(cloud, scale_up):
    event = {"ResponseURL": scale_up.cloudformation.url}
    scale_up.module.handler(event, Context(cloud.clock), sleep=cloud.clock.sleep)
    assert json.loads(scale_up.cloudformation.answers[0])["Status"] == "FAILED"


@pytest.mark.parametrize("reason", ["x" * 10_000, '"\\\n' * 3000, "\N{SNOWMAN}" * 5000])
def test_a_long_reason_is_cut_to_what_cloudformation_takes(scale_up, scale_up_module, monkeypatch, reason):
    def fail(*_, **__):
        raise scale_up_module.GiveUp(reason)

    monkeypatch.setattr(scale_up_module.Request, "call", fail)
    answer = scale_up("Create")
    assert answer["Reason"] and reason.startswith(answer["Reason"])


@pytest.mark.parametrize("refusals", [1, 5])
def test_an_answer_that_is_not_taken_is_given_again(scale_up, refusals):
    scale_up.cloudformation.refusals = refusals
    assert scale_up("Create")["Status"] == "SUCCESS"


def test_an_answer_that_is_never_taken_is_raised_so_that_lambda_tries_again(cloud, scale_up):
    scale_up.cloudformation.refusals = 1000
    with pytest.raises(OSError):
        scale_up("Create")
    scale_up.cloudformation.refusals = 0
    assert scale_up("Create")["Status"] == "SUCCESS"
    assert len(scale_up.instances()) == 1


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_the_physical_id_is_stable(scale_up, kind):
    created = scale_up("Create")["PhysicalResourceId"]
    assert scale_up(kind, PhysicalResourceId=created)["PhysicalResourceId"] == created


def test_every_line_names_the_group(scale_up):
    scale_up("Create")
    scale_up("Delete")
    assert all(line["group.name"] == scale_up.group and line["message"] for line in scale_up.lines)
