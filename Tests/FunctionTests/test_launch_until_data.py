"""The launch with LAUNCH_UNTIL=data: in service means that the agent has said so on the serial console."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faults import LOST_ANSWER, THROTTLED, UNAUTHORIZED, Fault
from outcome_line import BOOT, LATER_BOOT, line

OTHER = "i-0fedcba9876543210"


@pytest.fixture
def until_data(attach):
    return attach.want(LAUNCH_UNTIL="data")


def looks(cloud):
    return [at for at, name, _ in cloud.calls if name == "GetConsoleOutput"]


def attached(cloud):
    return next(at for at, name, _ in cloud.calls if name == "AttachVolume")


def test_the_launch_continues_only_once_the_volumes_are_mounted(cloud, until_data):
    until_data.configure(allocation=cloud.address())
    action = until_data.launch()
    until_data.announce(action.instance, "mounted", after=100)
    assert until_data(action.event()) == "CONTINUE"
    assert until_data.in_place(action.instance)
    assert 100 < cloud.clock.now < 120


def test_the_first_look_is_45_s_after_the_attach_and_the_others_15_s_apart(cloud, until_data):
    action = until_data.launch()
    until_data.announce(action.instance, "mounted", after=150)
    assert until_data(action.event()) == "CONTINUE"
    first, *others = (at - attached(cloud) for at in looks(cloud))
    assert 45 <= first < 47
    assert all(15 <= later - former < 17 for former, later in zip([first, *others], others, strict=False))


def test_looks_become_rarer_while_they_are_refused_and_frequent_again(cloud, until_data):
    action = until_data.launch(pending=0)
    cloud.fail("GetConsoleOutput", *[THROTTLED] * 4)
    until_data.announce(action.instance, "mounted", after=320)
    assert until_data(action.event()) == "CONTINUE"
    every = [later - former for former, later in zip(looks(cloud), looks(cloud)[1:], strict=False)]
    pauses = [round(each, -1) for each in every if each > 8]
    assert pauses[:4] == [30, 60, 60, 60] and set(pauses[4:]) == {20}


def test_no_output_yet_is_no_error(cloud, until_data):
    action = until_data.launch()
    until_data.announce(action.instance, "mounted", after=120)
    assert until_data(action.event()) == "CONTINUE"
    assert not until_data.said('"error"') and not until_data.said("alarm")


def test_without_it_the_console_is_not_read(cloud, attach):
    attach.want(LAUNCH_UNTIL="attached")
    assert attach(attach.launch().event()) == "CONTINUE"
    assert not looks(cloud)


@pytest.mark.parametrize(
    ("outcome", "code", "reason"),
    [
        ("not-installed", 1, "the-package-cannot-be-had"),
        ("failed", 66, "no-device"),
        ("failed", 71, "mount-failed"),
        ("failed", 73, "format-failed"),
        ("failed", 74, "read-error"),
        ("failed", 1, "-"),
        ("failed", 137, "killed"),
    ],
)
def test_a_failure_abandons_the_launch_with_the_line_quoted(cloud, until_data, outcome, code, reason):
    action = until_data.launch()
    said = until_data.announce(action.instance, outcome, after=60, exit_code=code, reason=reason)
    assert until_data(action.event()) == "ABANDON"
    assert cloud.clock.now < 90
    assert said in until_data.said("Giving the launch up.")[0]["reason"]
    assert until_data.said('"outcome": "ABANDON"')


@pytest.mark.parametrize("code", [65, 69, 77, 78])
@pytest.mark.parametrize("on_refusal", ["keep", "", None])
def test_what_only_a_person_can_mend_is_kept_out_of_service(cloud, until_data, code, on_refusal):
    if on_refusal is not None:
        until_data.want(ON_REFUSAL=on_refusal)
    action = until_data.launch()
    said = until_data.announce(action.instance, "refused", after=60, exit_code=code, reason="foreign-file-system")
    assert until_data(action.event()) == "KEPT"
    assert action.outcomes == ["CONTINUE"]
    assert cloud.lifecycle[action.instance] == "Standby" and cloud.state(action.instance) == "running"
    assert cloud.capacity[until_data.group] == 0  # so nothing else is launched
    (alarm,) = until_data.said("alarm")
    assert alarm["alarm"] == "refused" and said in alarm["reason"]
    (kept,) = until_data.said("exit-standby")
    assert f"--auto-scaling-group-name {until_data.group} --instance-ids {action.instance}" in kept["message"]


def test_in_service_without_data_lasts_seconds(cloud, until_data):
    action = until_data.launch()
    until_data.announce(action.instance, "refused", after=60, exit_code=78)
    assert until_data(action.event()) == "KEPT"
    (completed,) = (at for at, _, _ in action.completions)
    assert cloud.clock.now - completed < cloud.join_time * 2 + 5


def test_a_refusal_may_abandon_the_launch(cloud, until_data):
    until_data.want(ON_REFUSAL="abandon")
    action = until_data.launch()
    said = until_data.announce(action.instance, "refused", after=60, exit_code=65)
    assert until_data(action.event()) == "ABANDON"
    assert not cloud.count("EnterStandby")
    (alarm,) = until_data.said("alarm")
    assert alarm["alarm"] == "refused" and said in alarm["reason"]


@pytest.mark.parametrize("fault", [THROTTLED, LOST_ANSWER, Fault("ResourceContention", 500)], ids=str)
def test_standby_is_asked_for_until_it_is_so(cloud, until_data, fault):
    action = until_data.launch()
    until_data.announce(action.instance, "refused", after=60, exit_code=78)
    cloud.fail("EnterStandby", *[fault] * 10)
    cloud.fail("DescribeAutoScalingInstances", *[fault] * 4)
    cloud.fail("CompleteLifecycleAction", *[fault] * 4)
    assert until_data(action.event()) == "KEPT"
    assert cloud.lifecycle[action.instance] == "Standby" and cloud.capacity[until_data.group] == 0


def test_standby_twice_at_the_same_time(cloud, until_data):
    action = until_data.launch()
    until_data.announce(action.instance, "refused", after=60, exit_code=78)
    # The other one may come to the completion, or before it find the action over.
    assert until_data.twice(action.event()) in (["KEPT", "KEPT"], ["KEPT", "OVER"])
    assert action.outcomes == ["CONTINUE"] and cloud.capacity[until_data.group] == 0


def test_a_group_that_may_not_shrink_is_an_alarm_of_its_own(cloud, until_data):
    cloud.minimum[until_data.group] = 1
    action = until_data.launch()
    until_data.announce(action.instance, "refused", after=60, exit_code=78)
    with pytest.raises(until_data.module.GiveUp):  # so that Lambda tries again, and then has it in the dead letters
        until_data(action.event())
    (alarm,) = until_data.said("in-service-without-data")
    assert "MinSize" in alarm["error"]


def test_an_instance_that_goes_while_it_is_kept_is_no_longer_waited_for(cloud, until_data):
    action = until_data.launch()
    until_data.announce(action.instance, "refused", after=60, exit_code=78)
    cloud.fail("EnterStandby", *[THROTTLED] * 1000)
    cloud.after(120, cloud.terminate, action.instance)
    assert until_data(action.event()) == "CONTINUE"
    assert cloud.clock.now < 180 and not until_data.said("exit-standby")


def test_a_silent_console_is_an_alarm_once_and_goes_on_waiting(cloud, until_data):
    action = until_data.launch(pending=0)
    cloud.say(action.instance, "[    0.000000] Linux version 6.1\n" * 50)
    until_data.announce(action.instance, "mounted", after=700)
    assert until_data(action.event()) == "CONTINUE"
    (alarm,) = until_data.said("alarm")
    assert alarm["alarm"] == "console-silent"


def test_what_the_installation_says_last_is_quoted_and_proves_nothing(cloud, until_data):
    action = until_data.launch(pending=0)
    cloud.after(60, cloud.say, action.instance, "autoheal-install: getting ready\nlogin: ")
    cloud.after(
        90, cloud.say, action.instance, "autoheal-install: cannot download https://x/y.deb: 403\n[  OK  ] Reached\n"
    )
    assert until_data.deliver(action.event()) == "ABANDON"
    (alarm,) = until_data.said("console-silent")[:1]
    (ending,) = until_data.said("Giving the launch up")
    assert alarm["console"] == ending["console"] == "autoheal-install: cannot download https://x/y.deb: 403"
    # Once for each thing that it says, not once for each look.
    assert len([each for each in until_data.said("Waiting.") if each.get("console")]) <= 2 * 3


def test_an_instance_that_hangs_and_says_nothing_is_given_up(cloud, until_data):
    action = until_data.launch()
    cloud.after(100, cloud.impaired.add, action.instance)
    assert until_data(action.event()) == "ABANDON"
    assert 300 < cloud.clock.now < 350
    assert until_data.said("status check")


def test_an_instance_that_dies_meanwhile_is_given_up(cloud, until_data):
    action = until_data.launch()
    cloud.after(200, cloud.set_state, action.instance, "terminated")
    assert until_data(action.event()) == "ABANDON"
    # What was seen of it is believed for a minute.
    assert cloud.clock.now < 200 + 60 + 20


def test_a_volume_that_is_taken_away_meanwhile_is_attached_again(cloud, until_data):
    action = until_data.launch(pending=0)
    cloud.after(30, cloud.release, until_data.volumes[0])
    until_data.announce(action.instance, "mounted", after=120)
    assert until_data(action.event()) == "CONTINUE"
    assert until_data.in_place(action.instance)


def test_a_missing_permission_or_a_type_without_a_console_is_believed_the_third_time(cloud, until_data):
    for fault in UNAUTHORIZED, Fault("UnsupportedOperation"):
        cloud.faults.clear()
        cloud.fail("GetConsoleOutput", *[fault] * 100)
        action = until_data.configure().launch(pending=0)
        assert until_data(action.event()) == "ABANDON"
        assert fault.code in until_data.said("Giving the launch up.")[-1]["reason"]


def test_a_failure_from_before_the_attach_is_not_believed(cloud, until_data):
    """The agent gave up waiting while another instance held the volume, and mounted it once it was there."""
    old = cloud.run()
    cloud.hold(until_data.volumes[0], old)
    cloud.terminate(old, after=400)
    action = until_data.launch()
    until_data.announce(action.instance, "failed", after=300, exit_code=66, reason="no-device")
    until_data.announce(action.instance, "mounted", after=500)
    assert until_data(action.event()) == "CONTINUE"
    assert cloud.clock.now > 500


def test_a_failure_in_a_warm_pool_is_not_believed(cloud, until_data):
    action = until_data.launch(pending=0)
    until_data.announce(action.instance, "failed", exit_code=66, boot=LATER_BOOT)
    cloud.settle()
    until_data.announce(action.instance, "mounted", after=90)
    assert until_data(action.event(Origin="WarmPool")) == "CONTINUE"
    assert cloud.clock.now > 90


def test_a_console_that_cannot_be_read_does_not_hold_up_the_attach(cloud, until_data):
    action = until_data.launch(pending=0)
    cloud.fail("GetConsoleOutput", *[THROTTLED] * 3)
    until_data.announce(action.instance, "mounted", after=30)
    assert until_data(action.event(Origin="WarmPool")) == "CONTINUE"
    assert attached(cloud) < 10


def test_the_newest_line_of_the_newest_boot_holds(cloud, until_data):
    action = until_data.launch(pending=0)
    until_data.announce(action.instance, "mounted", after=1, boot=BOOT)
    until_data.announce(action.instance, "released", after=2, boot=LATER_BOOT)
    until_data.announce(action.instance, "mounted", after=130, boot=LATER_BOOT)
    assert until_data(action.event()) == "CONTINUE"
    assert cloud.clock.now > 130


READ = {
    "cut at its begin": lambda own: "\n" + own[3:],
    "cut at its end": lambda own: own[:-2],
    "within a line": lambda own: "\nlogin: " + own.lstrip(),
    "after a carriage return": lambda own: "\nlogin: \r" + own.lstrip(),
    "at the begin of what is shown": lambda own: own.lstrip(),
    "with another checksum": lambda own: own[:-3] + ("0" if own[-3] != "0" else "1") + own[-2:],
    "with another word": lambda own: own.replace("mounted", "refused"),
    "with more behind it": lambda own: own.rstrip() + " and more\n",
    "with a gap": lambda own: own.replace(" outcome", "  outcome"),
    "mixed with another line": lambda own: own[:60] + "\n[   12.3] usb\n" + own[60:],
}


@pytest.mark.parametrize("change", READ, ids=str)
def test_what_is_no_line_of_the_agent_is_not_read(until_data, attach_module, change):
    own = line(OTHER, until_data.volumes, "mounted")
    console = READ[change](own).replace("\n", "\r\n")
    assert attach_module.newest_outcome(console, OTHER) == (None, None)
    assert attach_module.newest_outcome(own.replace("\n", "\r\n"), OTHER) == (own.strip(), "mounted")


def test_lines_of_other_instances_or_of_some_volumes_only_are_not_read(cloud, until_data, attach_module):
    until_data.configure([cloud.volume(), cloud.volume()])
    both = until_data.volumes
    for text in (line("i-1", both, "mounted"), line(OTHER, both[:1], "mounted"), line(OTHER, [], "mounted")):
        assert attach_module.newest_outcome(text, OTHER) == (None, None)
    more = line(OTHER, [*both, "vol-0"], "mounted")
    assert attach_module.newest_outcome(more, OTHER)[1] == "mounted"


def test_an_older_boot_does_not_speak_for_a_newer_one(until_data, attach_module):
    """The newest boot is the one of the last line, also where that is not about all the volumes."""
    console = line(OTHER, until_data.volumes, "mounted") + line(OTHER, [], "failed", 66, boot=LATER_BOOT)
    assert attach_module.newest_outcome(console, OTHER) == (None, None)


@given(label=st.text(min_size=0, max_size=200))
def test_no_text_within_a_line_makes_an_outcome(until_data, attach_module, label):
    """A label, or what an unprivileged process may have printed by others, has no line of its own."""
    shown = "".join(each for each in label if each not in "\r\n")
    own = line(OTHER, until_data.volumes, "mounted").strip()
    console = f"\r\n[    1.0] EXT4-fs: label {shown}{own}\r\n[    1.1] {own} {shown}\r\n"
    assert attach_module.newest_outcome(console, OTHER) == (None, None)
