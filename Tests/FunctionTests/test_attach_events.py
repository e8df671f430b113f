"""The attach function: events that arrive twice, late, or for others."""

from types import SimpleNamespace

from faults import IN_USE, LOST_ANSWER


def test_event_twice_in_a_row(cloud, attach):
    attach.configure(allocation=cloud.address())
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    done = len(cloud.calls)
    assert attach(action.event()) == "OVER"
    assert {name for _, name, _ in cloud.calls[done:]} == {"RecordLifecycleActionHeartbeat"}
    assert action.outcomes == ["CONTINUE"]


def test_event_twice_at_the_same_time(cloud, attach, attach_module, monkeypatch):
    # So that they stay in step.
    monkeypatch.setattr(attach_module, "random", SimpleNamespace(uniform=lambda _, most: most))
    monkeypatch.setattr(attach_module, "KEPT_FOR", -1)
    attach.configure(allocation=cloud.address())
    action = attach.launch()
    assert attach.twice(action.event()) == ["CONTINUE", "OVER"]
    assert attach.in_place(action.instance)
    assert action.outcomes == ["CONTINUE"]
    for change in "AttachVolume", "AssociateAddress", "CompleteLifecycleAction":
        assert cloud.count(change) == 2, f"they did not meet at {change}"


def test_a_held_volume_lost_answers_and_a_second_event_together(cloud, attach):
    old = cloud.run()
    attach.configure(allocation=cloud.address(old))
    cloud.hold(attach.volumes[0], old)
    cloud.terminate(old, after=300)
    cloud.fail("AttachVolume", IN_USE, LOST_ANSWER)
    action = attach.launch()
    assert attach.twice(action.event()) == ["CONTINUE", "OVER"]
    assert attach(action.event()) == "OVER"
    assert attach.in_place(action.instance)
    assert action.outcomes == ["CONTINUE"]


def test_an_event_hours_later_leaves_an_instance_in_service_alone(cloud, attach):
    attach.configure(allocation=cloud.address())
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    cloud.release(attach.volumes[0])  # by an operator, for maintenance
    cloud.clock.sleep(3 * 3600)
    assert attach(action.event()) == "OVER"
    assert not cloud.holder(attach.volumes[0])


def test_an_event_that_comes_late_by_the_second_way_costs_one_request(cloud, attach):
    """That of an action which is over: after a minute it is known everywhere, and one answer is believed."""
    action = attach.launch()
    assert attach(action.event()) == "CONTINUE"
    cloud.clock.sleep(300)
    done, before = len(cloud.calls), cloud.clock.now
    assert attach(action.event()) == "OVER"
    assert len(cloud.calls) == done + 1 and cloud.clock.now < before + 1


def test_an_event_of_another_hook_group_or_transition_is_ignored(cloud, attach):
    action = attach.launch()
    for changes in (
        {"AutoScalingGroupName": "another"},
        {"AutoScalingGroupName": None},
        {"LifecycleHookName": "another"},
        {"LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"},
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


def test_an_instance_on_its_way_into_a_warm_pool_is_let_through_with_nothing(cloud, attach):
    action = attach.launch()
    assert attach(action.event(Destination="WarmPool")) == "CONTINUE"
    assert action.outcomes == ["CONTINUE"]
    assert not cloud.count("AttachVolume") and not cloud.count("AssociateAddress")


def test_an_instance_from_a_warm_pool_is_served(cloud, attach):
    assert attach(attach.launch().event(Origin="WarmPool")) == "CONTINUE"
