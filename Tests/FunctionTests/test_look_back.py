"""A refused launch whose run ends between the completed hook and Standby, and what the next one finds."""

import pytest

from faults import LOST_ANSWER, LOST_REQUEST, RATE_EXCEEDED, THROTTLED, UNAUTHORIZED, Fault
from outcome_line import LATER_BOOT


@pytest.fixture
def until_data(attach):
    return attach.want(LAUNCH_UNTIL="data")


@pytest.fixture
def action(until_data):
    """The launch of an instance whose agent refuses."""
    action = until_data.launch(pending=0)
    until_data.announce(action.instance, "refused", after=60, exit_code=65, reason="foreign-file-system")
    return action


def run_until_completed(cloud, attach, action):
    """Its end is the hook's: what should follow is left undone."""
    attach.until(action.event(), lambda: action.ended)
    assert action.ended and not cloud.count("EnterStandby")


def is_kept(cloud, action):
    return (
        action.outcomes == ["CONTINUE"]
        and cloud.lifecycle[action.instance] == "Standby"
        and cloud.capacity[action.group] == 0
    )


def is_left_alone(cloud, action, state="InService"):
    return cloud.lifecycle.get(action.instance) == state and not cloud.count("EnterStandby")


@pytest.mark.parametrize("way", ["event", "message"])
@pytest.mark.parametrize("later", [0, 1, 60, 300, 2200])
@pytest.mark.parametrize("answer", ["came", "was lost"])
def test_the_next_run_puts_a_refused_instance_in_standby(cloud, until_data, action, way, later, answer):
    cloud.fail("CompleteLifecycleAction", *[LOST_ANSWER] * (answer == "was lost"))
    run_until_completed(cloud, until_data, action)
    cloud.clock.sleep(later)
    assert until_data(getattr(action, way)()) == "KEPT"
    assert is_kept(cloud, action)
    assert until_data.said("exit-standby")
    assert cloud.count("EnterStandby") == 1


def test_so_it_does_when_standby_had_been_refused(cloud, until_data, action):
    cloud.fail("EnterStandby", *[RATE_EXCEEDED] * 3)
    until_data.until(action.event(), lambda: cloud.count("EnterStandby") == 2)
    assert until_data(action.event()) == "KEPT"
    assert is_kept(cloud, action)


@pytest.mark.parametrize("later", [0, 5])
def test_two_that_look_back_at_the_same_time_lower_the_capacity_once(cloud, until_data, action, later):
    cloud.capacity[action.group] = 2
    run_until_completed(cloud, until_data, action)
    assert set(until_data.twice(action.event(), later)) <= {"KEPT", "OVER"}
    assert cloud.lifecycle[action.instance] == "Standby" and cloud.capacity[action.group] == 1


def test_refused_and_lost_answers_are_asked_for_again(cloud, until_data, action):
    run_until_completed(cloud, until_data, action)
    for name in "GetConsoleOutput", "DescribeAutoScalingInstances", "EnterStandby":
        cloud.fail(name, THROTTLED, LOST_ANSWER, THROTTLED)
    assert until_data(action.event()) == "KEPT"
    assert is_kept(cloud, action)


def test_what_a_run_has_no_time_for_is_left_to_the_next_one(cloud, until_data, action):
    cloud.after(60, cloud.fail, "EnterStandby", *[RATE_EXCEEDED] * 40)
    assert until_data.deliver(action.event()) == "KEPT"
    assert is_kept(cloud, action)
    assert until_data.said("in-service-without-data")


def test_what_a_person_has_mended_meanwhile_stays_in_service(cloud, until_data, action):
    run_until_completed(cloud, until_data, action)
    until_data.announce(action.instance, "mounted", after=1)
    cloud.clock.sleep(60)
    until_data.lines.clear()
    assert until_data(action.event()) == "OVER"
    assert is_left_alone(cloud, action) and not until_data.said("Standby")


@pytest.mark.parametrize("boot", [{}, {"boot": LATER_BOOT}])
def test_a_refusal_after_the_data_was_there_is_none_of_the_launch(cloud, until_data, boot):
    action = until_data.launch(pending=0)
    until_data.announce(action.instance, "mounted", after=60)
    assert until_data(action.event()) == "CONTINUE"
    until_data.announce(action.instance, "refused", exit_code=78, **boot)
    cloud.clock.sleep(200)
    assert until_data(action.message()) == "OVER"
    # It may have been refused while the run that had not seen the data ended: somebody should know.
    assert is_left_alone(cloud, action) and until_data.said("in-service-without-data")


@pytest.mark.parametrize("outcome", ["failed", "released", "not-installed"])
def test_nothing_but_a_refusal_is_a_reason_for_standby(cloud, until_data, action, outcome):
    run_until_completed(cloud, until_data, action)
    until_data.announce(action.instance, outcome, after=1)
    cloud.clock.sleep(60)
    assert until_data(action.event()) == "OVER"
    assert is_left_alone(cloud, action)


@pytest.mark.parametrize(
    "state", ["Standby", "EnteringStandby", "Terminating:Wait", "Terminating", "Detaching", "Pending:Wait"]
)
def test_an_instance_in_another_state_is_left_alone(cloud, until_data, action, state):
    run_until_completed(cloud, until_data, action)
    cloud.clock.sleep(60)
    cloud.settle()
    cloud.lifecycle[action.instance] = state
    until_data.lines.clear()
    assert until_data(action.event()) == "OVER"
    assert is_left_alone(cloud, action, state) and cloud.capacity[action.group] == 1
    assert not until_data.said("alarm") and not until_data.said("Standby") and not until_data.said("in service")


@pytest.mark.parametrize("how", ["is gone", "is in another group", "is followed by another one"])
def test_an_instance_that_is_no_longer_of_the_group_is_left_alone(cloud, until_data, action, how):
    run_until_completed(cloud, until_data, action)
    cloud.clock.sleep(60)
    cloud.settle()
    if how == "is in another group":
        cloud.group_of[action.instance] = "another"
    else:
        cloud.terminate(action.instance)
    if how == "is followed by another one":
        cloud.clock.sleep(cloud.terminate_time)
        later = until_data.launch(pending=0)
        until_data.announce(later.instance, "mounted", after=60)
        assert until_data(later.event()) == "CONTINUE"
    until_data.lines.clear()
    assert until_data(action.message()) == "OVER"
    assert not cloud.count("EnterStandby") and cloud.capacity[action.group] == 1
    assert not until_data.said("alarm") and not until_data.said("Standby") and not until_data.said("in service")


def test_a_group_that_a_person_made_larger_keeps_what_it_was_given(cloud, until_data, action):
    run_until_completed(cloud, until_data, action)
    cloud.capacity[action.group] = 2
    assert until_data(action.event()) == "KEPT"
    assert cloud.capacity[action.group] == 1
    assert not until_data.said("nothing else is launched")  # since nobody has looked


def test_an_event_that_nothing_delivers_that_late_is_no_reason_to_look(cloud, until_data, action):
    run_until_completed(cloud, until_data, action)
    cloud.clock.sleep(2 * 3600)
    done = len(cloud.calls)
    assert until_data(action.event()) == "OVER"
    assert [name for _, name, _ in cloud.calls[done:]] == ["RecordLifecycleActionHeartbeat"]
    assert is_left_alone(cloud, action)


def test_after_an_ordinary_launch_it_costs_one_look_at_the_console(cloud, until_data):
    action = until_data.launch(pending=0)
    until_data.announce(action.instance, "mounted", after=60)
    assert until_data(action.event()) == "CONTINUE"
    cloud.clock.sleep(200)
    done = len(cloud.calls)
    assert until_data(action.message()) == "OVER"
    assert [name for _, name, _ in cloud.calls[done:]] == ["RecordLifecycleActionHeartbeat", "GetConsoleOutput"]


@pytest.mark.parametrize("environment", [{"LAUNCH_UNTIL": "attached"}, {"ON_REFUSAL": "abandon"}], ids=str)
def test_where_nothing_is_kept_nothing_is_looked_at(cloud, until_data, action, environment):
    run_until_completed(cloud, until_data, action)
    cloud.clock.sleep(60)
    until_data.want(**environment)
    done = len(cloud.calls)
    assert until_data(action.event()) == "OVER"
    assert {name for _, name, _ in cloud.calls[done:]} == {"RecordLifecycleActionHeartbeat"}


@pytest.mark.parametrize("code", ["InvalidInstanceID.NotFound", "UnauthorizedOperation"])
def test_a_console_that_is_gone_is_not_asked_for_ever(cloud, until_data, action, code):
    """With the instance: EC2 forgets it after an hour, and its tags, by which the role may read, before that."""
    run_until_completed(cloud, until_data, action)
    cloud.clock.sleep(60)
    cloud.fail("GetConsoleOutput", *[Fault(code)] * 1000)
    before = cloud.clock.now
    assert until_data(action.event()) == "OVER"
    assert cloud.clock.now < before + 30
    assert not cloud.count("EnterStandby")


@pytest.mark.parametrize("name", ["CompleteLifecycleAction", "EnterStandby", "DescribeAutoScalingInstances"])
@pytest.mark.parametrize("answer", [RATE_EXCEEDED, LOST_REQUEST], ids=str)
def test_what_is_mended_while_requests_are_refused_stays_in_service(cloud, until_data, action, name, answer):
    cloud.fail(name, *[answer] * 3)
    until_data.announce(action.instance, "mounted", after=64)
    assert until_data(action.event()) in ("CONTINUE", "OVER")
    cloud.clock.sleep(60)
    cloud.settle()
    assert cloud.lifecycle[action.instance] == "InService" and cloud.capacity[action.group] == 1
    assert until_data.said("stays in service") and not until_data.said("exit-standby")


def test_one_that_another_run_has_continued_with_its_data_stays_in_service(cloud, until_data, action):
    cloud.fail("CompleteLifecycleAction", RATE_EXCEEDED)
    cloud.after(63, action.__setattr__, "ended", "CONTINUE")
    cloud.after(63, cloud.lifecycle.__setitem__, action.instance, "InService")
    until_data.announce(action.instance, "mounted", after=62)
    assert until_data(action.event()) == "OVER"
    assert is_left_alone(cloud, action) and until_data.said("stays in service")


@pytest.mark.parametrize("fault", [THROTTLED, UNAUTHORIZED, LOST_ANSWER], ids=str)
def test_a_console_that_cannot_be_read_any_more_does_not_hold_up_standby(cloud, until_data, action, fault):
    cloud.after(61, cloud.fail, "GetConsoleOutput", None, *[fault] * 1000)
    assert until_data(action.event()) == "KEPT"
    assert is_kept(cloud, action) and cloud.clock.now < 120


@pytest.mark.parametrize("state", ["Terminating", "Detached"])
def test_of_one_that_goes_meanwhile_nobody_says_that_it_is_kept(cloud, until_data, action, state):
    cloud.fail("EnterStandby", *[RATE_EXCEEDED] * 1000)
    cloud.after(90, cloud.lifecycle.__setitem__, action.instance, state)
    assert until_data(action.event()) == "CONTINUE"
    assert not until_data.said("exit-standby") and not until_data.said("in-service-without-data")
    assert cloud.capacity[action.group] == 1
