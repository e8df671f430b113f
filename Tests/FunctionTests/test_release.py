"""The end of an instance: its volumes are detached once the agent has released them, and nothing holds up the dead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faults import ACCESS_DENIED, INTERNAL, LOST_ANSWER, LOST_REQUEST, THROTTLED, UNAUTHORIZED, Fault
from functions import NAMES, unpacked, whole
from outcome_line import LATER_BOOT


class Release:
    """An instance in service that the group ends, and the agent on it."""

    def __init__(self, cloud, attach):
        self.cloud, self.attach = cloud, attach.want(HAND_OVER="120")
        attach.allowed = {"DetachVolume"}
        self.instance = cloud.run()
        self.hold()

    def hold(self):
        for number, volume in enumerate(self.attach.volumes):
            self.cloud.hold(volume, self.instance, device=f"/dev/sd{'fghi'[number]}")
            self.cloud.mounted.add(volume)

    def leave(self):
        return self.cloud.leave(self.attach.group, self.instance)

    def hand_over(self, after):
        """The agent unmounts, and says so."""
        self.cloud.after(after, self.cloud.mounted.difference_update, list(self.attach.volumes))
        return self.attach.announce(self.instance, "released", after=after)

    def detached(self):
        return [at for at, name, _ in self.cloud.calls if name == "DetachVolume"]


@pytest.fixture
def release(cloud, attach):
    return Release(cloud, attach)


def test_what_the_agent_has_released_is_detached_and_then_the_instance_goes(cloud, attach, release):
    said = release.hand_over(after=24)
    action = release.leave()
    assert attach(action.event()) == "CONTINUE"
    assert not cloud.holder(attach.volumes[0])
    assert cloud.state(release.instance) == "shutting-down"  # and was running when the volume was free
    assert cloud.clock.now < 24 + 5 + cloud.detach_time + 5 + 2
    (line,) = attach.said("Detaching")
    assert (line["volume.id"], line["console"]) == (attach.volumes[0], said)


def test_the_next_launch_need_not_wait_for_the_end_of_the_old_instance(cloud, attach, release):
    release.hand_over(after=24)
    cloud.terminate_time = 600
    assert attach(release.leave().event()) == "CONTINUE"
    action = attach.launch(pending=0)
    assert attach(action.event()) == "CONTINUE"
    assert cloud.clock.now < 70 and cloud.state(release.instance) == "shutting-down"


def test_all_volumes_are_detached_side_by_side(cloud, attach):
    attach.configure([cloud.volume() for _ in range(3)])
    release = Release(cloud, attach)
    release.hand_over(after=10)
    assert attach(release.leave().event()) == "CONTINUE"
    assert not any(map(cloud.holder, attach.volumes)) and cloud.count("DetachVolume") == 3
    assert cloud.clock.now < 30


@pytest.mark.parametrize("outcome", ["mounted", "failed", "refused", "not-installed"])
def test_nothing_else_that_the_agent_says_releases_a_volume(cloud, attach, release, outcome):
    attach.announce(release.instance, "released", after=1, boot=LATER_BOOT)
    attach.announce(release.instance, outcome, after=2)
    assert attach(release.leave().event()) == "CONTINUE"
    # Where nothing is installed, nothing can be handed over.
    low, high = (0, 20) if outcome == "not-installed" else (120, 135)
    assert not release.detached() and low < cloud.clock.now < high


def test_a_release_of_an_earlier_boot_or_of_some_volumes_releases_nothing(cloud, attach):
    attach.configure([cloud.volume(), cloud.volume()])
    release = Release(cloud, attach)
    attach.announce(release.instance, "released", after=1)
    attach.announce(release.instance, "released", after=2, boot=LATER_BOOT, volumes=attach.volumes[:1])
    assert attach(release.leave().event()) == "CONTINUE"
    assert not release.detached()


def test_an_agent_that_says_nothing_is_waited_for_as_long_as_it_was_given(cloud, attach, release):
    attach.want(HAND_OVER="60")
    assert attach(release.leave().event()) == "CONTINUE"
    assert 60 < cloud.clock.now < 75 and not release.detached()
    assert "the time for the hand-over is up" in attach.said("not handed over")[0]["reason"]


def test_a_volume_that_stays_busy_does_not_hold_the_instance_beyond_its_time(cloud, attach, release):
    """Somebody has mounted it again since: EC2 waits without end, and the function does not."""
    attach.announce(release.instance, "released", after=10)
    assert attach(release.leave().event()) == "CONTINUE"
    assert cloud.count("DetachVolume") == 1 and cloud.clock.now < 135


@pytest.mark.parametrize("state", ["shutting-down", "terminated", "stopping", "stopped", "pending"])
def test_an_instance_that_does_not_run_is_let_go_at_once(cloud, attach, release, state):
    cloud.set_state(release.instance, state)
    assert attach(release.leave().event()) == "CONTINUE"
    assert cloud.clock.now < 1


def test_a_hung_instance_is_let_go_at_once(cloud, attach, release):
    cloud.impaired.add(release.instance)
    assert attach(release.leave().event()) == "CONTINUE"
    assert cloud.clock.now < 1 and not cloud.count("GetConsoleOutput")


@pytest.mark.parametrize("incident", ["dies", "hangs", "loses its volumes"])
def test_one_that_dies_or_hangs_meanwhile_is_let_go_then(cloud, attach, release, incident):
    cloud.after(
        30,
        {
            "dies": lambda: cloud.set_state(release.instance, "shutting-down"),
            "hangs": lambda: cloud.impaired.add(release.instance),
            "loses its volumes": lambda: cloud.release(attach.volumes[0]),
        }[incident],
    )
    assert attach(release.leave().event()) == "CONTINUE"
    assert cloud.clock.now < 37


@pytest.mark.parametrize("hand_over", ["", "0", None])
def test_without_a_hand_over_nothing_is_waited_for_or_asked(cloud, attach, release, monkeypatch, hand_over):
    monkeypatch.delenv("HAND_OVER") if hand_over is None else attach.want(HAND_OVER=hand_over)
    assert attach(release.leave().event()) == "CONTINUE"
    assert [name for _, name, _ in cloud.calls] == ["CompleteLifecycleAction"]


def test_an_instance_without_the_volumes_is_let_go_at_once(cloud, attach, release):
    other = cloud.run()
    cloud.hold(attach.volumes[0], other)
    assert attach(release.leave().event()) == "CONTINUE"
    assert cloud.clock.now < 1 and cloud.holder(attach.volumes[0]) == other


def heal(cloud, attach, release, is_asked):
    """Seconds from the decision to replace a dead instance to the volume at the new one."""
    began = cloud.clock.now
    if is_asked:
        assert attach(release.leave().event()) == "CONTINUE"
    else:
        cloud.terminate(release.instance)
    action = attach.launch(pending=0)
    assert attach(action.event()) == "CONTINUE"
    assert attach.in_place(action.instance)
    cloud.terminate(action.instance, after=0)
    cloud.settle()
    return cloud.clock.now - began


@pytest.mark.parametrize("how", ["dead", "hung"])
def test_a_heal_of_a_dead_or_hung_instance_is_not_slower_than_without_the_hook(cloud, attach, release, how):
    without = heal(cloud, attach, release, is_asked=False)
    release.instance = cloud.run()
    release.hold()
    if how == "dead":
        cloud.terminate(release.instance)
    else:
        cloud.impaired.add(release.instance)
    assert heal(cloud, attach, release, is_asked=True) < without + 1


@pytest.mark.parametrize("name", ["DescribeInstances", "DescribeVolumes", "DescribeInstanceStatus", "GetConsoleOutput"])
@pytest.mark.parametrize("fault", [THROTTLED, ACCESS_DENIED, UNAUTHORIZED, LOST_REQUEST, INTERNAL], ids=str)
def test_every_failure_ends_in_continue_within_the_time(cloud, attach, release, name, fault):
    cloud.fail(name, *[fault] * 1000)
    release.hand_over(after=10)
    action = release.leave()
    assert attach(action.event()) == "CONTINUE"
    assert action.outcomes == ["CONTINUE"] and cloud.clock.now < 190
    assert not release.detached()


def test_a_deleted_volume_ends_in_continue(cloud, attach, release):
    cloud.delete_volume(attach.volumes[0])
    assert attach(release.leave().event()) == "CONTINUE"
    assert cloud.clock.now < 30


def test_mistakes_of_the_configuration_end_in_continue(cloud, attach, release):
    for wrong in {"HAND_OVER": "soon"}, {"HAND_OVER": "120", "VOLUMES": "vol-1"}:
        attach.want(**wrong)
        assert attach(release.leave().event()) == "CONTINUE"
    assert cloud.clock.now < 5


@pytest.mark.parametrize("fault", [THROTTLED, LOST_ANSWER, LOST_REQUEST, Fault("IncorrectState")], ids=str)
def test_a_fault_of_the_detach_is_looked_at_again(cloud, attach, release, fault):
    cloud.fail("DetachVolume", fault, fault)
    release.hand_over(after=10)
    assert attach(release.leave().event()) == "CONTINUE"
    assert not cloud.holder(attach.volumes[0])


def test_twice_at_the_same_time_and_once_more_later(cloud, attach, release):
    release.hand_over(after=10)
    action = release.leave()
    assert attach.twice(action.event()) == ["CONTINUE", "OVER"]
    assert attach(action.event()) == "OVER"
    assert action.outcomes == ["CONTINUE"]


def test_an_event_of_another_hook_or_without_one_is_ignored(cloud, attach, release, monkeypatch):
    action = release.leave()
    assert attach(action.event(LifecycleHookName="another")) == "IGNORED"
    assert attach(action.event(LifecycleHookName=cloud.hook)) == "IGNORED"
    assert attach(action.event(AutoScalingGroupName="another")) == "IGNORED"
    attach.want(RELEASE_HOOK_NAME="")
    assert attach(action.event()) == attach(action.event(LifecycleHookName=None)) == "IGNORED"
    monkeypatch.delenv("RELEASE_HOOK_NAME")
    assert attach(action.event(LifecycleHookName=None)) == "IGNORED"
    assert not cloud.calls


def test_the_word_force_does_not_occur():
    for name in NAMES:
        assert "Force" not in whole(name) + unpacked(name), name


CALLS = "DescribeInstances DescribeVolumes DescribeInstanceStatus GetConsoleOutput DetachVolume".split()
moments = st.integers(0, 60)
endings = st.fixed_dictionaries(
    {
        "released": st.one_of(st.none(), moments),
        "remounted": st.one_of(st.none(), moments),
        "dies": st.one_of(st.none(), moments),
        "hangs": st.one_of(st.none(), moments),
        "faults": st.lists(
            st.tuples(
                st.sampled_from(
                    [
                        "DescribeInstances",
                        "DescribeVolumes",
                        "DescribeInstanceStatus",
                        "GetConsoleOutput",
                        "DetachVolume",
                    ]
                ),
                st.lists(st.sampled_from([None, THROTTLED, LOST_ANSWER, LOST_REQUEST, ACCESS_DENIED]), max_size=6),
            ),
            max_size=3,
        ),
    }
)


@given(ending=endings)
def test_whatever_happens_a_mounted_volume_is_not_detached_and_the_instance_goes(cloud, attach, ending):
    cloud.reset()
    attach.module.client.cache_clear()
    attach.configure()
    release = Release(cloud, attach)
    attach.want(HAND_OVER="50")
    if ending["released"] is not None:
        release.hand_over(after=ending["released"])
    if ending["remounted"] is not None:
        attach.announce(release.instance, "mounted", after=ending["remounted"])
        cloud.after(
            ending["remounted"], lambda: cloud.holder(attach.volumes[0]) and cloud.mounted.update(attach.volumes)
        )
    if ending["dies"] is not None:
        cloud.after(ending["dies"], cloud.terminate, release.instance)
    if ending["hangs"] is not None:
        cloud.after(ending["hangs"], cloud.impaired.add, release.instance)
    for name, faults in ending["faults"]:
        cloud.fail(name, *faults)
    action = release.leave()
    assert attach(action.event()) == "CONTINUE"
    assert action.outcomes == ["CONTINUE"] and cloud.clock.now < 130
    for at in release.detached():
        assert ending["released"] is not None and ending["released"] <= at
        # One call may take a minute, when its answers are lost. No look takes longer.
        assert ending["remounted"] is None or not ending["released"] < ending["remounted"] < at - 60
