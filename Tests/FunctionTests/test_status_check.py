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


def test_it_asks_instances_with_the_tag(cloud, scale_up, status_check):
    assert status_check("Create")["Status"] == "SUCCESS"
    assert cloud.status_checks[CHECK] == {TAG, OTHERS}
    assert scale_up.desired() == 0, "this resource launches nothing"
    assert status_check("Update")["Status"] == "SUCCESS" and cloud.count("AssociateApplicationStatusCheck") == 1


def test_an_update_mends_what_was_removed_by_hand(cloud, status_check):
    assert status_check("Update")["Status"] == "SUCCESS"
    assert cloud.status_checks[CHECK] == {TAG, OTHERS}


@pytest.mark.parametrize("fault", [THROTTLED, INTERNAL, LOST_ANSWER, LOST_REQUEST], ids=str)
def test_a_fault_is_no_answer(cloud, status_check, fault):
    cloud.fail("DescribeApplicationStatusCheckAssociations", fault, None, fault)
    cloud.fail("AssociateApplicationStatusCheck", fault, fault)
    assert status_check("Create")["Status"] == "SUCCESS"
    assert cloud.status_checks[CHECK] == {TAG, OTHERS}


def test_an_association_that_ec2_does_not_list_is_no_success(cloud, status_check):
    cloud.status_checks[CHECK] = {(f"tag-{number}", "") for number in range(50)}
    answer = status_check("Create")
    assert answer["Status"] == "FAILED" and "The check has 50 associations." in answer["Reason"]


def test_a_role_that_may_not_is_said_within_minutes(cloud, status_check):
    cloud.fail("AssociateApplicationStatusCheck", *[UNAUTHORIZED] * 100)
    answer = status_check("Create")
    assert answer["Status"] == "FAILED" and "UnauthorizedOperation" in answer["Reason"] and cloud.clock.now < 300


def test_a_region_without_such_checks_is_said(cloud, status_check):
    cloud.fail("DescribeApplicationStatusCheckAssociations", *[Fault("InvalidAction")] * 200)
    answer = status_check("Create")
    assert answer["Status"] == "FAILED" and "InvalidAction" in answer["Reason"]


def test_nothing_holds_a_deletion_up(cloud, status_check):
    """EC2, "DeleteApplicationStatusCheck": with the check, which is deleted next, go its associations."""
    cloud.status_checks.clear()
    assert status_check("Delete")["Status"] == "SUCCESS" and not cloud.calls
