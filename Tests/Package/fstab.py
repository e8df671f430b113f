"""A volume that is one line of /etc/fstab: mount(8), systemd's own mount unit, and what a stop of it does."""

import os
import subprocess

from machine import EXAMPLES, TARGET, UNIT

MOUNT = "data.mount"
SERVICE = "on-fstab.service"
WANTED = f"/etc/systemd/system/{TARGET}.wants/{SERVICE}"
ARRIVAL = "autoheal-mount-arrival.service"
LINE = (
    "vol-0123456789abcdef0 /data autoheal "
    "noatime,nofail,x-systemd.mount-timeout=infinity,autoheal.device={node}{more} 0 0\n"
)
# Impatient enough to fail before anybody waits for long.
IMPATIENT = ",autoheal.tries=2,autoheal.interval=1"
# Writes when the volume has been unmounted, or after 3 s of having it: the bare mount point takes nothing.
TEXT = """\
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/touch /data/on-fstab
ExecStop=/bin/sh -c 'for i in 1 2 3; do mountpoint -q /data || break; sleep 1; done; echo written >/data/last-write'
"""
# So slow that the moment cannot be missed, and ended by any signal that strikes it.
SLOW_CHECK = """\
#!/bin/sh
touch /run/check-began
sleep 6
/sbin/real-e2fsck "$@"
code=$?
touch /var/tmp/check-ended
exit $code
"""


def story(stage):
    tree, disk = stage.tree, stage.disk
    tree.run("dpkg", "--install", stage.deb)
    configuration = tree.file("/etc/autoheal-agent/config.toml")
    if os.path.exists(configuration):
        os.remove(configuration)
    disk.erase()
    tree.write(f"/etc/systemd/system/{SERVICE}", TEXT)
    with open(tree.file(f"{EXAMPLES}/fstab-bound-service.conf")) as example:
        tree.write(f"/etc/systemd/system/{SERVICE}.d/autoheal.conf", example.read())
    tree.run("systemctl", "add-wants", TARGET, SERVICE)
    line(tree, disk)
    try:
        with stage.machine() as machine:
            comes_late(stage.report.check, machine, disk)
            answers_mount(stage.report.check, machine)
            survives_a_stop(stage.report.check, tree, machine)
            comes_after_the_last_try(stage.report.check, tree, machine, disk)
            refuses(stage.report.check, machine, disk)
        disk.erase()
        line(tree, disk)
        powers_off(stage)
    finally:
        tree.write("/etc/fstab", "")
        for path in (f"/etc/systemd/system/{SERVICE}", WANTED):
            os.remove(tree.file(path))
        if os.path.exists(tree.file("/sbin/real-e2fsck")):
            os.replace(tree.file("/sbin/real-e2fsck"), tree.file("/sbin/e2fsck"))


def line(tree, disk, more=""):
    tree.write("/etc/fstab", LINE.format(node=disk.node, more=more))


def scopes(machine):
    return machine.run("systemctl", "list-units", "--all", "--plain", "--no-legend", "autoheal-mount-*.scope")


def comes_late(check, machine, disk):
    machine.wait_until("active", "multi-user.target")
    # systemd itself begins a mount up to a second later where many others have been made.
    machine.wait(
        "the mount to begin, and the agent with it", lambda: machine.state(UNIT)["ActiveState"] == "activating"
    )
    states = [machine.state(unit)["ActiveState"] for unit in ("local-fs.target", MOUNT, UNIT, SERVICE)]
    wanted = ["active", "activating", "activating", "inactive"]
    check("the boot does not wait for a line of fstab, its unit and the agent's do", states == wanted, states)
    check("the helper waits in a scope of its own", len(scopes(machine).splitlines()) == 1, scopes(machine))
    right = machine.try_to("autoheal-agent", "config", "check")
    check(
        "config check calls the line right",
        right.returncode == 0 and "/etc/fstab: right, 1 volume." in right.stdout,
        right,
    )
    verified = machine.try_to("findmnt", "--verify")
    check(
        "findmnt --verify finds no error",
        verified.returncode == 0 and "0 errors" in verified.stdout + verified.stderr,
        verified,
    )
    plan = machine.try_to("autoheal-agent", "plan", "--fstab")
    check("plan says that it is not there yet", plan.returncode == 66 and "at /data" in plan.stdout, plan)
    status = machine.try_to("autoheal-agent", "status")
    check("status is 66 meanwhile", status.returncode == 66, status)
    disk.attach(machine)
    machine.wait_until("active", MOUNT)
    machine.wait_until("active", SERVICE)
    check("the volume is mounted where PID 1 sees it", len(machine.mounts("/data")) == 1)
    machine.wait_until("active", "dependent.service")
    check(
        "a service that is bound to autoheal-data.target has it too", machine.state(TARGET)["ActiveState"] == "active"
    )
    check("the service has it", machine.try_to("test", "-e", "/data/on-fstab").returncode == 0)
    status = machine.try_to("autoheal-agent", "status")
    check("status says 0", status.returncode == 0, status)
    machine.run("journalctl", "--sync")
    said = machine.run("journalctl", "--unit", MOUNT, "AUTOHEAL_OUTCOME=changed", "--output=cat")
    check(
        "the outcome is in the journal of the mount unit, with its fields", "The volume is mounted after" in said, said
    )
    machine.wait("the outcome on the console", lambda: "The volume is mounted" in machine.said())
    check("nothing is left of the scope", scopes(machine) == "", scopes(machine))


def answers_mount(check, machine):
    before = machine.mounts("/data")
    again = machine.try_to("mount", "--all")
    check(
        "a second 'mount -a' is 0 and changes nothing",
        again.returncode == 0 and machine.mounts("/data") == before,
        again,
    )
    for options in ("remount,ro", "remount,rw"):
        done = machine.try_to("mount", "-o", options, "/data")
        mounts = machine.mounts("/data")
        wanted = options.split(",")[1]
        check(
            f"'mount -o {options}' does that alone",
            done.returncode == 0 and len(mounts) == 1 and wanted in mounts[0].split()[5].split(","),
            (done, mounts),
        )
        check("with no look at the device", "device" not in done.stderr, done.stderr)
    machine.run("systemctl", "stop", SERVICE)
    machine.run("umount", "/data")
    machine.wait_until("inactive", MOUNT)
    check("umount unmounts, and the unit follows", machine.mounts("/data") == [])
    faked = machine.try_to("mount", "--fake", "/data")
    check(
        "'mount -f' says what would be done, and does nothing",
        faked.returncode == 0 and "would: mount" in faked.stdout and machine.mounts("/data") == [],
        faked,
    )
    by_hand = machine.try_to("mount", "/data")
    machine.wait_until("active", MOUNT)
    check("'mount /data' mounts it", by_hand.returncode == 0 and len(machine.mounts("/data")) == 1, by_hand)
    wrong = machine.try_to("mount", "-t", "autoheal", "-o", "autoheal.trie=1", "vol-0123456789abcdef1", "/mnt")
    check(
        "a wrong option is usage (1), and named",
        wrong.returncode == 1 and "did you mean 'autoheal.tries'?" in wrong.stderr,
        wrong,
    )
    machine.run("umount", "/data")
    machine.wait_until("inactive", MOUNT)


def survives_a_stop(check, tree, machine):
    os.rename(tree.file("/sbin/e2fsck"), tree.file("/sbin/real-e2fsck"))
    tree.write("/sbin/e2fsck", SLOW_CHECK, 0o755)
    machine.run("systemctl", "--no-block", "start", MOUNT)
    machine.wait("the check to begin", lambda: machine.try_to("test", "-e", "/run/check-began").returncode == 0)
    machine.run("systemctl", "stop", MOUNT)
    ended = machine.try_to("test", "-e", "/var/tmp/check-ended").returncode == 0
    check(
        "a stop does not wait for the check",
        not ended and machine.state(MOUNT)["ActiveState"] in ("inactive", "failed"),
        machine.state(MOUNT),
    )
    machine.wait("the check to end", lambda: machine.try_to("test", "-e", "/var/tmp/check-ended").returncode == 0)
    machine.wait("the helper to end", lambda: scopes(machine) == "")
    check("which is not struck by it, and nothing is mounted then", machine.mounts("/data") == [])
    outcome = machine.journal("--unit", MOUNT, "AUTOHEAL_OUTCOME=interrupted")
    check("that it was asked to end is the last word", "asked to stop" in outcome, outcome)
    os.replace(tree.file("/sbin/real-e2fsck"), tree.file("/sbin/e2fsck"))
    machine.run("rm", "/run/check-began", "/var/tmp/check-ended")
    machine.run("systemctl", "start", MOUNT)
    check("the next start mounts it", len(machine.mounts("/data")) == 1)
    # As at a boot.
    machine.run("systemctl", "stop", SERVICE, MOUNT, UNIT)


def comes_after_the_last_try(check, tree, machine, disk):
    disk.detach(machine)
    line(tree, disk, IMPATIENT)
    machine.run("systemctl", "daemon-reload")
    failed = machine.try_to("systemctl", "start", SERVICE)
    state = machine.state(SERVICE)
    check(
        "without its volume the service is not started, and says which mount it needs",
        failed.returncode != 0 and state["ActiveState"] == "inactive",
        state,
    )
    shown = machine.try_to("systemctl", "status", "--no-pager", "--lines=20", MOUNT).stdout
    check(
        "systemctl status shows the reason, and mount's exit code",
        "did not appear" in shown and "status=32" in shown,
        shown,
    )
    status = machine.try_to("autoheal-agent", "status")
    check("status says 66", status.returncode == 66, status)
    disk.attach(machine)
    # What udev does for EBS volumes; a loop device is none.
    machine.run("systemctl", "start", ARRIVAL)
    machine.wait_until("active", MOUNT)
    machine.wait_until("active", SERVICE)
    check(
        "a volume that comes after the last try is mounted, and its service started", len(machine.mounts("/data")) == 1
    )
    machine.run("systemctl", "start", ARRIVAL)
    check(
        "a further one finds nothing to do", machine.state(ARRIVAL)["ConditionResult"] == "no", machine.state(ARRIVAL)
    )
    machine.run("systemctl", "stop", SERVICE, MOUNT, UNIT)


def refuses(check, machine, disk):
    disk.erase()
    with open(disk.node, "r+b") as device:
        device.seek(5 << 20)
        device.write(b"somebody's data")
    machine.try_to("systemctl", "start", SERVICE)
    state = machine.state(MOUNT)
    check("a refusal fails the mount unit", state["ActiveState"] == "failed" and state["Result"] == "exit-code", state)
    with open(disk.node, "rb") as device:
        device.seek(5 << 20)
        check("and not a byte is written", device.read(1 << 20).startswith(b"somebody's data"))
    shown = machine.try_to("systemctl", "status", "--no-pager", "--lines=20", MOUNT).stdout
    check("systemctl status says what was found", "5242880" in shown and "status=32" in shown, shown)
    status = machine.try_to("autoheal-agent", "status")
    check("status says 65", status.returncode == 65, status)
    check("the service is not started", machine.state(SERVICE)["ActiveState"] == "inactive", machine.state(SERVICE))


def powers_off(stage):
    """First with a service on the volume, then in the middle of a check."""
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    with stage.machine() as machine:
        disk.attach(machine)
        machine.wait_until("active", SERVICE)
        machine.run("systemctl", "--no-block", "poweroff")
        machine.wait("the machine to power off", machine.has_ended)
    found = subprocess.run(["debugfs", "-R", "cat /last-write", disk.node], capture_output=True, text=True)
    check("the last write of its service at power-off is in the volume", found.stdout == "written\n", found)
    os.rename(tree.file("/sbin/e2fsck"), tree.file("/sbin/real-e2fsck"))
    tree.write("/sbin/e2fsck", SLOW_CHECK, 0o755)
    with stage.machine() as machine:
        disk.attach(machine)
        machine.wait("the check to begin", lambda: machine.try_to("test", "-e", "/run/check-began").returncode == 0)
        machine.run("systemctl", "--no-block", "poweroff")
        machine.wait("the machine to power off", machine.has_ended)
    check("a power-off waits for the check", os.path.exists(tree.file("/var/tmp/check-ended")))
