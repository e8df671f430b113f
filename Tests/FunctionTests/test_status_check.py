"""The application status check of a stack, which the scale-up function has ask the instances with the stack's tag."""

import pytest

from faults import INTERNAL, LOST_ANSWER, LOST_REQUEST, THROTTLED, UNAUTHORIZED, Fault

CHECK = "asc-0123456789abcdef0"
TAG = ("autoheal-health-check", "db")
OTHERS = ("autoheal-health-check", "another")


@pytest.fixture
def status_check(cloud, scale_up):
    cloud.status_checks[CHECK] = {OTHERS}

    def request(kind):
        properties = {"ServiceToken": "arn", "ApplicationStatusCheckId": CHECK, "TagKey": TAG[0], "TagValue": TAG[1]}
        former = {"OldResourceProperties": properties} if kind == "Update" else {}
        return scale_up(kind, ResourceProperties=properties, **former)

    return request


def test_it_asks_instances_with_the_tag_until_the_stack_is_deleted(cloud, scale_up, status_check):
    assert status_check("Create")["Status"] == "SUCCESS"
    assert cloud.status_checks[CHECK] == {TAG, OTHERS}
    assert scale_up.desired() == 0, "this resource launches nothing"
    assert status_check("Update")["Status"] == "SUCCESS" and cloud.count("AssociateApplicationStatusCheck") == 1
    assert status_check("Delete")["Status"] == "SUCCESS"
    assert cloud.status_checks[CHECK] == {OTHERS}


def test_an_update_mends_what_was_removed_by_hand(cloud, status_check):
    assert status_check("Update")["Status"] == "SUCCESS"
    assert cloud.status_checks[CHECK] == {TAG, OTHERS}


@pytest.mark.parametrize("fault", [THROTTLED, INTERNAL, LOST_ANSWER, LOST_REQUEST], ids=str)
@pytest.mark.parametrize("kind", ["Create", "Delete"])
def test_a_fault_is_no_answer(cloud, status_check, kind, fault):
    if kind == "Delete":
        cloud.status_checks[CHECK].add(TAG)
    cloud.fail("DescribeApplicationStatusCheckAssociations", fault, None, fault)
    for verb in "Associate", "Disassociate":
        cloud.fail(f"{verb}ApplicationStatusCheck", fault, fault)
    assert status_check(kind)["Status"] == "SUCCESS"
    assert cloud.status_checks[CHECK] == {OTHERS} | ({TAG} if kind == "Create" else set())


def test_an_association_that_ec2_does_not_list_is_no_success(cloud, status_check):
    cloud.status_checks[CHECK] = {(f"tag-{number}", "") for number in range(50)}
    answer = status_check("Create")
    assert answer["Status"] == "FAILED" and "The check has 50 associations." in answer["Reason"]


def test_a_role_that_may_not_is_said_within_minutes(cloud, status_check):
    cloud.fail("AssociateApplicationStatusCheck", *[UNAUTHORIZED] * 100)
    answer = status_check("Create")
    assert answer["Status"] == "FAILED" and "UnauthorizedOperation" in answer["Reason"] and cloud.clock.now < 180


def test_a_region_without_such_checks_is_said(cloud, status_check):
    cloud.fail("DescribeApplicationStatusCheckAssociations", *[Fault("InvalidAction")] * 200)
    answer = status_check("Create")
    assert answer["Status"] == "FAILED" and "InvalidAction" in answer["Reason"]


@pytest.mark.parametrize("gone", [True, False])
def test_nothing_holds_a_deletion_up(cloud, status_check, gone):
    """The check is deleted next, and says itself if it cannot be."""
    if gone:
        cloud.status_checks.clear()
    else:
        cloud.fail("DescribeApplicationStatusCheckAssociations", *[UNAUTHORIZED] * 100)
    assert status_check("Delete")["Status"] == "SUCCESS"
