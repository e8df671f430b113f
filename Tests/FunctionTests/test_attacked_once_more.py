"""What a third reading found: what runs while CloudFormation has gone on, and what was said before an attach."""

import pytest

from clock import Context
from faults import ACCESS_DENIED, LOST_REQUEST, THROTTLED
from outcome_line import LATER_BOOT, line
from test_counted_lines import counts
from test_in_service import member


@pytest.fixture
def until_data(attach, cloud):
    cloud.hook_timeout = 1200
    return attach.want(LAUNCH_UNTIL="data")


@pytest.mark.parametrize("leave_time", [0, 20, 60])
def test_a_create_that_still_runs_launches_nothing_after_the_deletion(cloud, scale_up, leave_time):
    cloud.launch_time, cloud.leave_time = 100_000, leave_time
    outcomes = {}

    def run(kind, at):
        def deed():
            cloud.clock.sleep(at)
            context = Context(cloud.clock, scale_up.timeout)
            request = scale_up.event(kind)
            outcomes[kind] = scale_up.module.handler(request, context, sleep=cloud.clock.sleep)["outcome"]

        return deed

    cloud.clock.side_by_side(run("Create", 0), run("Delete", 30))
    assert outcomes == {"Create": "FAILED", "Delete": "SUCCESS"}
    assert scale_up.desired() == 0 and not scale_up.instances()


def test_a_deletion_that_may_not_end_the_instance_says_so_soon(cloud, scale_up):
    scale_up("Create")
    member(cloud, scale_up).lifecycle_state = "Standby"
    cloud.fail("TerminateInstanceInAutoScalingGroup", *[ACCESS_DENIED] * 1000)
    answer = scale_up("Delete")
    assert answer["Status"] == "FAILED" and "AccessDenied" in answer["Reason"] and cloud.clock.now < 90


@pytest.mark.parametrize("what", ["protected", "in its hook"])
def test_the_deletion_ends_what_sizes_of_zero_do_not(cloud, scale_up, what):
    assert scale_up("Create")["Status"] == "SUCCESS"
    if what == "protected":
        cloud.protected.update(scale_up.instances())
    else:
        member(cloud, scale_up).lifecycle_state = "Pending:Wait"
    assert scale_up("Delete")["Status"] == "SUCCESS"
    assert not scale_up.instances() and cloud.clock.now < 120


class TestUpdate:
    """With ApplyUpdates."""

    @pytest.fixture
    def update(self, cloud, scale_up):
        assert scale_up("Create")["Status"] == "SUCCESS"

        def run(version, former):
            cloud.version = version
            return scale_up.update(version, former)

        return run

    def test_a_new_version_that_says_nothing_is_rolled_back(self, cloud, scale_up, update):
        cloud.launch_time = 2600  # until the other function gives it up
        assert update("2", "1")["Status"] == "FAILED"
        silent = member(cloud, scale_up).instance.id

        def heal():
            if not scale_up.instances():
                cloud.launch_time = 100
                cloud.replace(scale_up.group, {})

        cloud.after(200, heal)
        assert update("1", "2")["Status"] == "SUCCESS"
        assert cloud.state(silent) == "terminated" and member(cloud, scale_up).version == "1"

    def test_a_heal_that_has_begun_with_the_new_version_is_not_begun_again(self, cloud, scale_up, update):
        healing = member(cloud, scale_up)
        healing.version, healing.lifecycle_state = "2", "Pending:Wait"
        cloud.after(30, cloud.joined, healing)
        assert update("2", "1")["Status"] == "SUCCESS"
        assert not cloud.count("StartInstanceRefresh") and scale_up.instances() == [healing.instance.id]

    def test_one_of_the_right_version_that_has_no_data_is_replaced(self, cloud, scale_up, update):
        healthless = member(cloud, scale_up).instance.id
        cloud.say(healthless, line(healthless, scale_up.volumes, "failed", exit_code=74, reason="read"))
        assert update("1", "2")["Status"] == "SUCCESS"
        assert scale_up.instances() != [healthless] and cloud.clock.now < 100


@pytest.mark.parametrize(
    ("held_until", "failed_at", "unread_at"),
    [
        pytest.param(1700, 1300, None, id="the holder lets go between two runs"),
        pytest.param(600, 300, 595, id="the console cannot be read before the attach"),
        pytest.param(1640, 1300, 1700, id="nor by the run after the one that attached"),
    ],
)
def test_a_failure_from_before_the_attach_ends_no_launch(cloud, until_data, held_until, failed_at, unread_at):
    """The agent had given up waiting; the volume starts it once more, and e2fsck takes its time."""
    old = cloud.run()
    cloud.hold(until_data.volumes[0], old)
    cloud.terminate(old, after=held_until)
    action = until_data.launch()
    until_data.announce(action.instance, "failed", after=failed_at, exit_code=66, reason="device-absent")
    until_data.announce(action.instance, "mounted", after=held_until + 200)
    if unread_at:
        cloud.after(unread_at, cloud.fail, "GetConsoleOutput", THROTTLED)
    assert until_data.deliver(action.event()) == "CONTINUE"


def test_of_two_volumes_the_look_before_the_first_attach_is_enough(cloud, until_data):
    until_data.configure(volumes=[cloud.volume(), cloud.volume()])
    old = cloud.run()
    cloud.hold(until_data.volumes[0], old)
    cloud.hold(until_data.volumes[1], old, "/dev/sdg")
    cloud.terminate(old, after=1850)
    action = until_data.launch()
    until_data.announce(action.instance, "failed", after=1300, exit_code=66, reason="device-absent")
    until_data.announce(action.instance, "mounted", after=1850 + 480)
    cloud.fail("GetConsoleOutput", None, THROTTLED)  # the second of the looks before the attach
    assert until_data.deliver(action.event()) == "CONTINUE"


def test_what_one_from_a_warm_pool_said_in_service_is_no_volume_taken_away(cloud, until_data):
    until_data.configure(volumes=[cloud.volume(), cloud.volume()])
    old = cloud.run()
    cloud.hold(until_data.volumes[1], old, "/dev/sdg")
    cloud.terminate(old, after=950)
    action = until_data.launch(pending=0)
    until_data.announce(action.instance, "mounted", after=0)
    until_data.announce(action.instance, "mounted", after=1060, boot=LATER_BOOT)
    assert until_data.deliver(action.event(Origin="WarmPool")) == "CONTINUE"
    assert cloud.clock.now > 1060


def test_a_failure_after_the_attach_ends_a_launch_whatever_was_unread(cloud, until_data):
    old = cloud.run()
    cloud.hold(until_data.volumes[0], old)
    cloud.terminate(old, after=600)
    action = until_data.launch()
    cloud.after(595, cloud.fail, "GetConsoleOutput", THROTTLED)
    until_data.announce(action.instance, "failed", after=620, exit_code=71, reason="mount")
    assert until_data.deliver(action.event()) == "ABANDON"
    assert cloud.clock.now < 1300  # given time until then, since nobody knew


def test_what_was_mounted_before_a_volume_was_pulled_off_is_not_in_service(cloud, until_data):
    action = until_data.launch(pending=0)
    until_data.announce(action.instance, "mounted", after=20)
    cloud.after(30, cloud.release, until_data.volumes[0])
    cloud.fail("GetConsoleOutput", LOST_REQUEST)
    assert until_data.deliver(action.event()) == "ABANDON"
    assert cloud.count("AttachVolume") == 1 and until_data.said("taken away")


def test_a_launch_that_went_into_service_is_not_counted_as_abandoned(cloud, until_data):
    """The instance ends at once, and the second way finds it so."""
    action = until_data.launch(pending=0)
    until_data.announce(action.instance, "mounted", after=372)
    cloud.after(378, cloud.terminate, action.instance)

    def second():
        cloud.clock.sleep(305)
        until_data(action.message())

    cloud.clock.side_by_side(lambda: until_data(action.event()), second)
    assert [outcome for _, outcome, _ in action.completions] == ["CONTINUE"]
    assert until_data.said("over already") and counts(until_data.lines)["AbandonedLaunches"] == 0
