"""The custom resource: it succeeds once an instance is in service, and says in words why it is not."""

import pytest

from faults import ACCESS_DENIED, LOST_ANSWER, LOST_REQUEST, THROTTLED, Fault
from outcome_line import line

CAUSE = {
    "Description": "Launching a new EC2 instance.  Status Reason: You have exceeded your vCPU capacity.",
    "StatusCode": "Failed",
    "StatusMessage": "You have exceeded your vCPU capacity. Launching EC2 instance failed.",
    "Cause": "At 2026-11-26T19:00:00Z an instance was started in response to a difference of capacity.",
}
IN_PROGRESS = {"Description": "Launching a new EC2 instance: i-1", "StatusCode": "PreInService", "Cause": "At 2026"}


def member(cloud, scale_up):
    (state,) = cloud.groups[scale_up.group].instance_states
    return state


def say(cloud, scale_up, outcome, after=60, **options):
    """The agent of the instance that is launched by then."""

    def speak():
        instance = member(cloud, scale_up).instance.id
        cloud.say(instance, line(instance, scale_up.volumes, outcome, **options))

    cloud.after(after, speak)


def test_a_stack_that_waits_in_vain_quotes_what_the_instance_says_last(cloud, scale_up):
    cloud.launch_time = 5000
    said = "autoheal-install: cannot download https://x/y.deb: 403"
    cloud.after(60, lambda: cloud.say(member(cloud, scale_up).instance.id, f"{said}\n[  OK  ] Reached\n"))
    answer = scale_up("Create")
    assert answer["Status"] == "FAILED" and f"said: {said};" in answer["Reason"]


def test_what_another_instance_has_said_is_not_quoted_for_this_one(cloud, scale_up):
    cloud.launch_time = 5000
    first = []

    def heal():
        first.append(member(cloud, scale_up).instance.id)
        cloud.say(first[0], "autoheal-install: cannot download\n")
        cloud.after(30, cloud.terminate, first[0])
        cloud.after(30 + cloud.terminate_time + 1, cloud.replace, scale_up.group, {})

    cloud.after(60, heal)
    answer = scale_up("Create")
    assert answer["Status"] == "FAILED" and scale_up.instances() != first
    assert "cannot download" not in answer["Reason"]


def test_create_waits_until_an_instance_is_in_service(cloud, scale_up):
    cloud.launch_time = 300
    assert scale_up("Create")["Status"] == "SUCCESS"
    assert 300 < cloud.clock.now < 330


def test_one_that_has_released_its_data_is_no_success(cloud, scale_up):
    cloud.launch_time = 100
    say(cloud, scale_up, "released", after=90)
    answer = scale_up("Create")
    assert answer["Status"] == "FAILED" and "outcome=released" in answer["Reason"]


def test_create_fails_with_the_last_activity_that_says_why(cloud, scale_up):
    cloud.launch_time = 5000
    cloud.activities[scale_up.group] = [IN_PROGRESS, CAUSE]
    answer = scale_up("Create")
    assert answer["Status"] == "FAILED" and 700 < cloud.clock.now < 850
    assert CAUSE["StatusMessage"] in answer["Reason"] and CAUSE["Cause"] in answer["Reason"]


def test_create_fails_with_the_last_activity_when_none_says_why_or_there_is_none(cloud, scale_up):
    cloud.launch_time = 5000
    answer = scale_up("Create")
    assert answer["Status"] == "FAILED" and "last activity: none" in answer["Reason"]
    cloud.activities[scale_up.group] = [IN_PROGRESS]
    assert "i-1, PreInService, At 2026" in scale_up("Create")["Reason"]


@pytest.mark.parametrize("fault", [ACCESS_DENIED, THROTTLED, LOST_REQUEST], ids=str)
def test_create_fails_in_words_though_the_activities_cannot_be_read(cloud, scale_up, fault):
    cloud.launch_time = 5000
    cloud.fail("DescribeScalingActivities", *[fault] * 10)
    answer = scale_up("Create")
    assert answer["Status"] == "FAILED" and "Pending:Wait" in answer["Reason"]


def test_create_fails_at_once_with_the_line_of_what_only_a_person_can_mend(cloud, scale_up):
    """The other function has put the instance into Standby, and lowered the capacity."""
    cloud.launch_time = 5000
    say(cloud, scale_up, "refused", exit_code=65, reason="foreign-file-system")

    def stand_by():
        member(cloud, scale_up).lifecycle_state = "Standby"
        cloud.groups[scale_up.group].desired_capacity = 0

    cloud.after(61, stand_by)
    answer = scale_up("Create")
    assert answer["Status"] == "FAILED" and cloud.clock.now < 90
    assert "outcome=refused exit=65 reason=foreign-file-system" in answer["Reason"]
    assert cloud.count("UpdateAutoScalingGroup") == 1  # nothing else is launched beside it


@pytest.mark.parametrize(("outcome", "code"), [("failed", 66), ("not-installed", 1)])
def test_create_is_not_over_while_the_console_says_that_there_is_no_data(cloud, scale_up, outcome, code):
    """Somebody has completed the hook by hand."""
    cloud.launch_time = 90
    say(cloud, scale_up, outcome, exit_code=code)
    say(cloud, scale_up, "mounted", after=300)
    assert scale_up("Create")["Status"] == "SUCCESS"
    assert 300 < cloud.clock.now < 330


def test_create_fails_with_the_line_when_the_data_never_comes(cloud, scale_up):
    cloud.launch_time = 90
    say(cloud, scale_up, "failed", exit_code=66)
    # Also where the console does not show the line any more.
    cloud.after(600, lambda: cloud.say(member(cloud, scale_up).instance.id, "\n[    0.000000] Linux version 6.12\n"))
    answer = scale_up("Create")
    assert answer["Status"] == "FAILED" and "outcome=failed exit=66" in answer["Reason"]
    # Once every 15 s, as while it waits for the instance: many stacks share what may be asked.
    assert cloud.count("GetConsoleOutput") < 60


def test_create_quotes_a_refusal_that_the_other_function_abandons(cloud, scale_up):
    cloud.launch_time = 5000
    say(cloud, scale_up, "refused", exit_code=78, reason="configuration")
    answer = scale_up("Create")
    assert answer["Status"] == "FAILED" and "reason=configuration" in answer["Reason"] and cloud.clock.now < 90


def test_create_quotes_a_failure_when_its_time_is_up(cloud, scale_up):
    cloud.launch_time = 5000
    say(cloud, scale_up, "failed", exit_code=74, reason="read-error")
    answer = scale_up("Create")
    assert answer["Status"] == "FAILED" and "outcome=failed exit=74" in answer["Reason"]


def test_create_looks_again_when_the_console_cannot_be_read(cloud, scale_up):
    cloud.launch_time = 120
    cloud.fail("GetConsoleOutput", THROTTLED, LOST_ANSWER, ACCESS_DENIED, Fault("InvalidInstanceID.NotFound"))
    assert scale_up("Create")["Status"] == "SUCCESS"


def test_create_asks_no_console_when_in_service_does_not_mean_data(cloud, scale_up, monkeypatch):
    monkeypatch.setenv("LAUNCH_UNTIL", "attached")
    cloud.launch_time = 60
    assert scale_up("Create")["Status"] == "SUCCESS"
    assert not cloud.count("GetConsoleOutput")


class TestUpdate:
    """With ApplyUpdates, a new version of the launch template alone replaces the instance."""

    @pytest.fixture
    def update(self, cloud, scale_up):
        assert scale_up("Create")["Status"] == "SUCCESS"
        cloud.version, cloud.launch_time = "2", 100

        def run(version="2", former="1", apply="true"):
            return scale_up.update(version, former, apply)

        return run

    def test_the_instance_is_replaced_and_the_new_one_awaited(self, cloud, scale_up, update):
        (old,) = scale_up.instances()
        assert update()["Status"] == "SUCCESS"
        (new,) = scale_up.instances()
        assert new != old and member(cloud, scale_up).version == "2"
        assert cloud.terminate_time + 100 < cloud.clock.now < cloud.terminate_time + 130
        assert cloud.count("StartInstanceRefresh") == 1

    @pytest.mark.parametrize(
        ("version", "former", "apply"), [("1", "1", "true"), ("2", "1", "false"), ("2", "1", None)]
    )
    def test_else_the_instance_is_left_alone(self, cloud, scale_up, update, version, former, apply):
        running, done = scale_up.instances(), len(cloud.calls)
        assert update(version, former, apply)["Status"] == "SUCCESS"
        assert scale_up.instances() == running and len(cloud.calls) == done

    def test_an_instance_that_has_the_version_already_is_left_alone(self, cloud, scale_up, update):
        member(cloud, scale_up).version = "2"
        assert update()["Status"] == "SUCCESS"
        assert not cloud.count("StartInstanceRefresh")

    def test_a_group_that_its_owner_scaled_to_zero_is_left_alone(self, cloud, scale_up, update):
        scale_up("Delete")
        assert update()["Status"] == "SUCCESS"
        assert not cloud.count("StartInstanceRefresh") and scale_up.desired() == 0

    @pytest.mark.parametrize("fault", [THROTTLED, LOST_ANSWER, LOST_REQUEST], ids=str)
    def test_a_fault_is_looked_at_again(self, cloud, scale_up, update, fault):
        for name in ("StartInstanceRefresh", "DescribeInstanceRefreshes"):
            cloud.fail(name, *[fault] * 4)
        assert update()["Status"] == "SUCCESS"
        assert len(cloud.refreshes[scale_up.group]) == 1

    def test_a_refresh_that_runs_already_is_awaited_first(self, cloud, scale_up, update):
        other = {"InstanceRefreshId": "other", "Status": "InProgress"}
        cloud.refreshes[scale_up.group].append(other)
        cloud.after(60, other.__setitem__, "Status", "Successful")
        assert update()["Status"] == "SUCCESS"
        assert len(cloud.refreshes[scale_up.group]) == 2

    @pytest.mark.parametrize("status", ["Failed", "Cancelled", "RollbackSuccessful"])
    def test_a_refresh_that_fails_is_told_in_words(self, cloud, scale_up, update, status):
        cloud.launch_time = 5000

        def fail():
            cloud.refreshes[scale_up.group][0].update(Status=status, StatusReason="An operator stopped it.")

        cloud.after(100, fail)
        answer = update()
        assert answer["Status"] == "FAILED" and cloud.clock.now < 130
        assert status in answer["Reason"] and "An operator stopped it." in answer["Reason"]

    def test_one_that_takes_longer_than_its_time_has_failed_in_words(self, cloud, scale_up, update):
        cloud.launch_time = 5000
        cloud.activities[scale_up.group] = [CAUSE]
        answer = update()
        assert answer["Status"] == "FAILED" and "the time is up" in answer["Reason"]
        assert CAUSE["StatusMessage"] in answer["Reason"] and "InProgress" in answer["Reason"]

    def test_a_new_version_that_the_agent_refuses_fails_with_the_line(self, cloud, scale_up, update):
        cloud.launch_time = 5000
        say(cloud, scale_up, "refused", after=100, exit_code=78, reason="configuration")
        answer = update()
        assert answer["Status"] == "FAILED" and "reason=configuration" in answer["Reason"]

    def test_what_the_old_instance_says_when_it_goes_is_not_taken_for_the_new_one(self, cloud, scale_up, update):
        old = member(cloud, scale_up).instance.id
        cloud.say(old, line(old, scale_up.volumes, "refused", 65))
        assert update()["Status"] == "SUCCESS"

    def test_a_kept_instance_is_not_replaced_behind_the_back_of_who_looks_at_it(self, cloud, scale_up, update):
        member(cloud, scale_up).lifecycle_state = "Standby"
        cloud.groups[scale_up.group].desired_capacity = 0
        answer = update()
        assert answer["Status"] == "FAILED" and "Standby" in answer["Reason"]
        assert not cloud.count("StartInstanceRefresh")


def test_delete_ends_an_instance_in_standby(cloud, scale_up):
    scale_up("Create")
    (kept,) = scale_up.instances()
    cloud.hold(scale_up.volumes[0], kept)
    member(cloud, scale_up).lifecycle_state = "Standby"
    cloud.groups[scale_up.group].desired_capacity = 0
    assert scale_up("Delete")["Status"] == "SUCCESS"
    assert cloud.state(kept) == "terminated" and not cloud.holder(scale_up.volumes[0])
    assert cloud.clock.now < 60


@pytest.mark.parametrize("fault", [THROTTLED, LOST_ANSWER, LOST_REQUEST, Fault("ScalingActivityInProgress")], ids=str)
def test_delete_ends_an_instance_in_standby_in_spite_of_faults(cloud, scale_up, fault):
    scale_up("Create")
    member(cloud, scale_up).lifecycle_state = "Standby"
    cloud.fail("TerminateInstanceInAutoScalingGroup", *[fault] * 4)
    assert scale_up("Delete")["Status"] == "SUCCESS"
    assert not scale_up.instances()


def test_delete_waits_for_the_terminating_hook(cloud, scale_up):
    scale_up("Create")
    (instance,) = scale_up.instances()
    cloud.leave_time = 120
    assert scale_up("Delete")["Status"] == "SUCCESS"
    assert cloud.state(instance) == "terminated" and 160 < cloud.clock.now < 170
