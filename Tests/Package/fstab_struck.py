"""Lines of /etc/fstab whose mounts are struck: killed helpers, a systemd that begins anew, volumes that come late."""

import dataclasses
import os
import subprocess
import time

import fstab_ended
from fstab_bench import ARRIVAL, IMPATIENT, Volume, act, agent_begins_anew, fstab, has, is_idle, kill, outcome
from machine import DROP_IN, TARGET, UNIT, Disk

# The second failure is the last.
FEW_TRIES = "[Unit]\nStartLimitBurst=2\n[Service]\nRestartSec=0.5\n"
# The agent waits for a mount of fstab for 60 s, where none is at work.
PATIENCE = 61
# The first check goes on until the test lets it end.
HELD_CHECK = """\
#!/bin/sh
if mv /run/hold-check /run/check-began 2>/dev/null; then
    until [ -e /run/check-may-end ]; do sleep 0.1; done
fi
exec /sbin/real-e2fsck "$@"
"""


def story(stage):
    tree = stage.tree
    tree.run("dpkg", "--install", stage.deb)
    if os.path.exists(tree.file("/etc/autoheal-agent/config.toml")):
        os.remove(tree.file("/etc/autoheal-agent/config.toml"))
    stage.disk.erase()
    with open(tree.file(DROP_IN)) as file:
        drop_in = file.read()
    tree.write(DROP_IN, FEW_TRIES)
    try:
        with Disk(tree.path + "-second", 64 << 20) as second, Disk(tree.path + "-third", 64 << 20) as third:
            beside_a_check(stage, second, third)
            # Whose log does not take the place of that of the first machine.
            fstab_ended.story(dataclasses.replace(stage, log=stage.log.replace(".log", "-ended.log")), second)
    finally:
        tree.write("/etc/fstab", "")
        tree.write(DROP_IN, drop_in)
        if os.path.exists(tree.file("/sbin/real-e2fsck")):
            os.replace(tree.file("/sbin/real-e2fsck"), tree.file("/sbin/e2fsck"))


def beside_a_check(stage, second, third):
    """What does not need the agent happens while that waits for a check."""
    tree = stage.tree
    subprocess.run(["mkfs.ext4", "-q", stage.disk.node], check=True)
    os.rename(tree.file("/sbin/e2fsck"), tree.file("/sbin/real-e2fsck"))
    tree.write("/sbin/e2fsck", HELD_CHECK, 0o755)
    held = Volume(stage.disk, "/data", 0)
    fstab(tree, None, held.line())
    with stage.machine() as machine:
        try:
            while_it_lasts(stage, machine, held, second, third)
        finally:
            # A power-off would wait for it.
            machine.try_to("touch", "/run/check-may-end")


def while_it_lasts(stage, machine, held, second, third):
    check, tree = stage.report.check, stage.tree
    machine.wait_until("active", "multi-user.target")
    machine.wait("the agent to wait for the mount", lambda: machine.state()["SubState"] == "start")
    patient = agent_begin(machine) + PATIENCE
    machine.run("touch", "/run/hold-check")
    held.disk.attach(machine)
    machine.wait("the check to begin", lambda: has(machine, "/run/check-began"))
    # One that the agent does not know of yet, and that comes when it has been waited for longer than the agent does.
    later = Volume(third, "/later", 1)
    fstab(tree, machine, held.line(), later.line())
    later.begin(machine)
    patient_of_later = time.monotonic() + PATIENCE

    late = Volume(second, "/late", 2)
    others = (held.line(), later.line())
    for function in (
        helper_is_killed,
        whole_mount_is_killed,
        part_of_mount_is_killed,
        ended_by_hand,
        systemd_begins_anew,
        line_is_replaced,
        in_private,
        part_is_shown,
        comment_behind,
    ):
        act(stage, function, tree, machine, late, others)
        late.forget(tree, machine, others)

    machine.wait(
        "the agent's patience to end", lambda: time.monotonic() > patient or machine.state()["NRestarts"] != "0"
    )
    state = machine.state()
    check(
        "the agent waits in one try for as long as a check runs",
        (state["SubState"], state["NRestarts"]) == ("start", "0"),
        state,
    )
    machine.run("touch", "/run/check-may-end")
    reached = outcome(machine, "active", UNIT) == outcome(machine, "active", TARGET) == "active"
    check("the target is reached when the check ends", reached, (machine.state(), machine.state(TARGET)))
    act(stage, succeeds_late, machine, later, patient_of_later)
    later.forget(tree, machine)
    act(stage, through_a_link, tree, machine, late)
    late.forget(tree, machine)
    act(stage, nested, tree, machine, Volume(second, "/late", 3), Volume(third, "/late/sub", 4))


def agent_begin(machine):
    return int(machine.run("systemctl", "show", "--value", "--property=ExecMainStartTimestampMonotonic", UNIT)) / 1e6


def helper_is_killed(check, tree, machine, late, others):
    fstab(tree, machine, late.line(), *others)
    late.begin(machine)
    kill(machine, "KILL", *late.helpers(machine, "autoheal-mount-"))
    failed = outcome(machine, "failed", late.unit)
    arrived = late.arrives(machine)
    check(
        "a volume that comes after its helper was killed is mounted",
        (failed, arrived) == ("failed", "active"),
        (failed, arrived),
    )


def whole_mount_is_killed(check, tree, machine, late, others):
    late.forget(tree, machine, others)
    fstab(tree, machine, late.line(), *others)
    late.begin(machine)
    kill(machine, "KILL", *late.helpers(machine))
    failed = outcome(machine, "failed", late.unit)
    arrived = late.arrives(machine)
    check("and where all of them were", (failed, arrived) == ("failed", "active"), (failed, arrived))


def part_of_mount_is_killed(check, tree, machine, late, others):
    """The helper in the scope hears of it by the end of its parent, or is asked to end itself."""
    for name, text in (
        ("KILL", "and where the one in the unit was alone"),
        ("TERM", "and where all of them were asked to end"),
    ):
        late.forget(tree, machine, others)
        fstab(tree, machine, late.line(), *others)
        late.begin(machine)
        in_scope = late.helpers(machine, "autoheal-mount-") if name == "KILL" else []
        kill(machine, name, *(process for process in late.helpers(machine) if process not in in_scope))
        failed = outcome(machine, "failed", late.unit)
        machine.wait("its helpers to end", lambda: late.helpers(machine) == [])
        arrived = late.arrives(machine)
        check(text, (failed, arrived) == ("failed", "active"), (failed, arrived))


def ended_by_hand(check, tree, machine, late, others):
    fstab(tree, machine, late.line(IMPATIENT), *others)
    machine.try_to("systemctl", "start", late.unit)
    fstab(tree, machine, late.line(), *others)
    machine.run("rm", "-f", late.note)
    # The leader of a process group of its own, as a command of a shell is.
    machine.run("systemd-run", "--quiet", "--unit=by-hand", "mount", "/late")
    machine.wait("it to wait", lambda: has(machine, late.note))
    leader = machine.run("systemctl", "show", "--value", "--property=MainPID", "by-hand.service").strip()
    # As Ctrl-C does.
    kill(machine, "INT", "-" + leader)
    machine.wait("it to end", lambda: late.helpers(machine) == [])
    machine.try_to("systemctl", "reset-failed", "by-hand.service")
    arrived = late.arrives(machine)
    check("a late volume is still awaited after a mount by hand that Ctrl-C has ended", arrived == "active", arrived)


def systemd_begins_anew(check, tree, machine, late, others):
    fstab(tree, machine, late.line(), *others)
    for _ in range(2):
        late.disk.detach(machine)
        script = "systemctl start --no-block late.mount; for i in 1 2 3 4 5; do systemctl daemon-reexec; done"
        machine.run("sh", "-c", script)
        late.disk.attach(machine)
        state = outcome(machine, "active", late.unit)
        if state != "active":
            break
        machine.run("systemctl", "stop", late.unit)
    journal = machine.journal("--unit", late.unit, "--lines=6")
    check("a mount that begins while systemd begins anew succeeds", state == "active", (state, journal))


def line_is_replaced(check, tree, machine, late, others):
    fstab(tree, machine, late.line(IMPATIENT), *others)
    machine.try_to("systemctl", "start", late.unit)
    fstab(tree, machine, "tmpfs /late tmpfs noauto 0 0\n", *others)
    late.disk.attach(machine)
    machine.run("systemctl", "start", ARRIVAL)
    machine.wait("what it has started", lambda: is_idle(machine, late.unit))
    check("an arrival mounts nothing that is another's by now", machine.mounts("/late") == [], machine.mounts("/late"))


def in_private(check, tree, machine, late, others):
    fstab(tree, machine, late.line(), *others)
    late.disk.attach(machine)
    done = machine.try_to("unshare", "--mount", "mount", "/late")
    check(
        "where nobody else would see it, nothing is mounted (1)",
        done.returncode == 1 and "namespace" in done.stderr,
        done,
    )
    check("or formatted", late.disk.is_blank())


def part_is_shown(check, tree, machine, late, others):
    fstab(tree, machine, late.line(",X-mount.subdir=x"), *others)
    late.disk.attach(machine)
    done = machine.try_to("mount", "/late")
    check("X-mount.subdir= is refused (1), and named", done.returncode == 1 and "X-mount.subdir" in done.stderr, done)
    check("and nothing is formatted for it", late.disk.is_blank())
    checked = machine.try_to("autoheal-agent", "config", "check")
    check("config check refuses it, too", checked.returncode == 78 and "X-mount.subdir" in checked.stderr, checked)


def comment_behind(check, tree, machine, late, others):
    fstab(tree, machine, *others, late.line(IMPATIENT).replace(" 0 0", " # the volume"))
    checked = machine.try_to("autoheal-agent", "config", "check")
    check("config check names a line with a comment behind it", "/etc/fstab:3: " in checked.stderr, checked)
    machine.try_to("systemctl", "start", late.unit)
    arrived = late.arrives(machine)
    check("what systemd has made of it is awaited", arrived == "active", arrived)


def succeeds_late(check, machine, later, patient):
    machine.run("systemctl", "restart", "--no-block", UNIT)

    def has_failed():
        machine.try_to("systemctl", "kill", "--signal=KILL", UNIT)
        return machine.state()["ActiveState"] == "failed"

    machine.wait("the agent to have failed for good", has_failed)
    machine.wait("its patience to end", lambda: time.monotonic() > patient)
    later.disk.attach(machine)
    states = [outcome(machine, "active", unit) for unit in (later.unit, UNIT, TARGET)]
    check("a mount that succeeds after the agent's last try brings the target", states == ["active"] * 3, states)


def through_a_link(check, tree, machine, late):
    machine.run("ln", "-s", "/late", "/link")
    fstab(tree, machine, late.line(IMPATIENT).replace(" /late ", " /link "))
    agent_begins_anew(machine)
    machine.try_to("systemctl", "start", late.unit)
    arrived = late.arrives(machine)
    check("a late volume is mounted through a symbolic link on its arrival", arrived == "active", arrived)
    reached = [outcome(machine, "active", unit) for unit in (UNIT, TARGET)]
    check("the target is reached by it", reached == ["active"] * 2, reached)
    status = machine.try_to("autoheal-agent", "status")
    check("and status says 0", status.returncode == 0, status)


def nested(check, tree, machine, outer, inner):
    fstab(tree, machine, outer.line(IMPATIENT), inner.line(IMPATIENT))
    agent_begins_anew(machine)
    machine.try_to("systemctl", "start", inner.unit)
    for volume in (outer, inner):
        volume.disk.erase()
        volume.disk.attach(machine)
    machine.run("systemctl", "start", ARRIVAL)
    states = [outcome(machine, "active", unit) for unit in (outer.unit, inner.unit, UNIT, TARGET)]
    check(
        "late volumes of which one is mounted below the other all come, and the target",
        states == ["active"] * 4,
        states,
    )
