"""What an attack on "in service means data" found: the ends of runs, two ways at once, and lines that are old."""

import pytest

from test_in_service import member, say
from test_release import Release


@pytest.fixture
def until_data(attach):
    return attach.want(LAUNCH_UNTIL="data")


@pytest.mark.parametrize("earlier", [0, 6, 14])
def test_one_that_is_refused_as_a_run_ends_is_not_left_in_service(cloud, until_data, earlier):
    until_data.timeout = 900 - earlier
    action = until_data.launch(pending=0)
    until_data.announce(action.instance, "refused", after=780, exit_code=65, reason="foreign")
    until_data.deliver(action.event())
    cloud.clock.sleep(30)
    cloud.settle()
    assert cloud.lifecycle[action.instance] == "Standby"


def by_both_ways(cloud, attach, action):
    """The event, again as often as Lambda does, and five minutes later the queue's message, as often as it comes."""

    def queue():
        for pause in (300, 960, 960):
            cloud.clock.sleep(pause - (cloud.clock.now - received[0]) if received else pause)
            received[:] = [cloud.clock.now]
            try:
                attach(action.message())
            except attach.module.RunAgain:
                continue
            return

    received: list[float] = []
    cloud.clock.side_by_side(lambda: attach.deliver(action.event()), queue)


def held(cloud, attach, until):
    old = cloud.run()
    cloud.hold(attach.volumes[0], old)
    cloud.terminate(old, after=until)
    return attach.launch(pending=0)


def test_the_queue_gives_up_no_earlier_than_the_event(cloud, attach):
    action = held(cloud, attach, until=2200)
    by_both_ways(cloud, attach, action)
    assert action.outcomes == ["CONTINUE"]


@pytest.mark.parametrize("takes", [20, 90])
def test_the_queue_does_not_believe_a_failure_from_before_the_attach(cloud, until_data, takes):
    action = held(cloud, until_data, until=1400)
    until_data.announce(action.instance, "failed", after=1340, exit_code=66, reason="no-device")
    until_data.announce(action.instance, "mounted", after=1445 + takes)
    by_both_ways(cloud, until_data, action)
    assert action.outcomes == ["CONTINUE"]


def test_nor_does_the_next_run_of_the_event(cloud, until_data):
    action = held(cloud, until_data, until=1580)
    until_data.announce(action.instance, "failed", after=1340, exit_code=66, reason="no-device")
    until_data.announce(action.instance, "mounted", after=1740)
    assert until_data.deliver(action.event()) == "CONTINUE"


@pytest.mark.parametrize("offset", range(0, 16, 3))
def test_create_is_no_success_while_a_refused_instance_passes_through_in_service(cloud, scale_up, offset):
    cloud.launch_time = 5000
    refused_at = 61 + offset
    say(cloud, scale_up, "refused", after=refused_at, exit_code=65, reason="foreign-file-system")

    def in_service():
        member(cloud, scale_up).lifecycle_state = "InService"

    def stand_by():
        member(cloud, scale_up).lifecycle_state = "Standby"
        cloud.groups[scale_up.group].desired_capacity = 0

    cloud.after(refused_at + 1, in_service)
    cloud.after(refused_at + 5, stand_by)
    assert scale_up("Create")["Status"] == "FAILED"


def test_what_a_person_has_released_is_not_detached_later(cloud, attach):
    release = Release(cloud, attach)
    attach.announce(release.instance, "released", after=1, reason="-")
    cloud.clock.sleep(3600)
    cloud.settle()
    cloud.mounted.update(attach.volumes)
    assert attach(release.leave().event()) == "CONTINUE"
    assert not release.detached()


def test_an_instance_without_an_agent_is_let_go_at_once(cloud, attach):
    release = Release(cloud, attach)
    attach.announce(release.instance, "not-installed", after=0, exit_code=1)
    cloud.clock.sleep(1)
    cloud.settle()
    began = cloud.clock.now
    assert attach(release.leave().event()) == "CONTINUE"
    assert cloud.clock.now - began < 20
