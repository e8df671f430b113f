"""What the units do under a real systemd, and what package management does to them while they run."""

import os

import baked
import fstab
import fstab_struck
import interrupted
import outcome
import postgresql
import power_off
import published
import released
import watched
from early import early
from isolated import isolated
from machine import TARGET, UNIT, Disk, MachineError
from stage import LEFTOVER, Stage, bind, bind_service, configure

# So slow that the moment cannot be missed.
SLOW_MKFS = """\
#!/bin/sh
[ "$1" != -V ] || exec /sbin/mke2fs -V
touch /run/mkfs-began
sleep 6
/sbin/mke2fs -t ext4 "$@" && touch /run/mkfs-ended
"""


def prove(report, tree, deb, newer, logs, only=None):
    deb, newer = tree.copy(deb), tree.copy(newer)
    with Disk(tree.path + "-disks", 64 << 20) as disk:
        bind_service(tree)
        stages = {
            "unconfigured": ("a machine that nobody has configured boots", unconfigured),
            "late": ("the volume comes late", late),
            "stopped": ("stopped during mkfs; the volume comes after the last try", stopped),
            "isolated": ("another target is isolated; then the machine is shut down", isolated),
            "early": ("a service with the early drop-in", lambda stage: early(stage, configure, LEFTOVER)),
            "watched": ("the watcher, and a volume that is enlarged", lambda stage: watched.story(stage, configure)),
            "released": ("the hand-over", lambda stage: released.story(stage, configure, bind)),
            "outcome": ("the line on the console", outcome.story),
            "kernel-refuses": ("the kernel refuses to mount", kernel_refuses),
            "fstab": ("a volume that is one line of /etc/fstab", fstab.story),
            "fstab-struck": ("lines of /etc/fstab whose mounts are struck", fstab_struck.story),
            "baked": ("an instance with another one's disk", baked.story),
            "published": ("apt and what script/publish has published", published.story),
            "interrupted": ("a first boot that is interrupted", interrupted.story),
            "powers-off": (
                "an instance that cannot get its data powers off",
                lambda stage: power_off.story(stage, configure),
            ),
            "postgresql": ("PostgreSQL, by examples/postgresql", postgresql.story),
        }
        for name, (title, act) in stages.items():
            if only and name not in only:
                continue
            report.begin(title)
            try:
                act(Stage(report, tree, disk, deb, newer, os.path.join(logs, name + ".log")))
            except MachineError as error:
                report.check("the stage goes to its end", False, error)


def unconfigured(stage):
    report = stage.report
    with stage.machine() as machine:
        machine.wait_until("active", "multi-user.target")
        state = machine.state()
        report.check(
            "the unit was skipped", (state["ConditionResult"], state["ActiveState"]) == ("no", "inactive"), state
        )
        failed = machine.run("systemctl", "list-units", "--failed", "--plain", "--no-legend", "autoheal*")
        report.check("nothing of ours failed", failed == "", failed)
        target = machine.try_to("systemctl", "start", TARGET)
        report.check("the target is not reached", machine.state(TARGET)["ActiveState"] == "inactive", target.stderr)


def late(stage):
    check, disk, deb, newer = stage.report.check, stage.disk, stage.deb, stage.newer
    configure(stage.tree, disk)
    with stage.machine() as machine:
        machine.wait_until("active", "multi-user.target")
        check("the boot does not wait for the volume", machine.state()["ActiveState"] == "activating", machine.state())
        machine.wait("a second try", lambda: int(machine.state()["NRestarts"]) >= 1)
        dependent = machine.state("dependent.service")
        check("the dependent service has not been started", dependent["ActiveState"] == "inactive", dependent)
        disk.attach(machine)
        state = machine.wait_until("active")
        machine.wait_until("active", "dependent.service")
        check("the volume is mounted where PID 1 sees it", len(machine.mounts("/data")) == 1)
        check(
            "the dependent service was started after a later try",
            machine.try_to("test", "-e", "/data/dependent").returncode == 0,
        )
        status = machine.try_to("autoheal-agent", "status")
        check("status says 0", status.returncode == 0, status.stdout)
        journal = machine.run("journalctl", "--unit", UNIT, "AUTOHEAL_OUTCOME=changed", "--output=cat")
        check("the outcome is in the journal with its fields", "The volume is mounted" in journal, journal)
        refused = machine.run("journalctl", "--unit", UNIT, "AUTOHEAL_OUTCOME=refused", "--output=cat")
        lost = int(state["NRestarts"]) - len(refused.splitlines())
        check("no last line is lost to journalctl -u", lost == 0, refused)
        complaints = machine.try_to(
            "journalctl", "--unit", UNIT, "--grep", "not permitted|denied", "--output=cat"
        ).stdout
        check(
            "nothing complains about the sandbox",
            "ermitted" not in complaints and "denied" not in complaints,
            complaints,
        )
        machine.wait("the outcome on the console", lambda: "The volume is mounted" in machine.said())
        check("that it waited is on the console", "Not there yet" in machine.said(), machine.said())

        machine.run("dpkg", "--install", newer)
        after = machine.state()
        same = (after["InvocationID"], after["ActiveState"]) == (state["InvocationID"], "active")
        check("an upgrade leaves the unit as it is", same, after)
        check(
            "an upgrade leaves the volume and the service",
            dependent_runs(machine) and len(machine.mounts("/data")) == 1,
        )
        reload = machine.run("systemctl", "show", UNIT, "--property=NeedDaemonReload", "--value").strip()
        check("systemd knows the new unit", reload == "no", reload)

        machine.run("dpkg", "--remove", "autoheal-agent")
        check(
            "removal leaves the volume and the service", dependent_runs(machine) and len(machine.mounts("/data")) == 1
        )
        machine.run("dpkg", "--purge", "autoheal-agent")
        check(
            "purging leaves the volume and the service", dependent_runs(machine) and len(machine.mounts("/data")) == 1
        )
        check("purging takes the configuration", machine.try_to("test", "-e", "/etc/autoheal-agent").returncode != 0)
        machine.run("dpkg", "--install", deb)
        began = machine.try_to("systemctl", "is-active", UNIT).stdout.strip()
        check("installing does not start the unit", began != "activating", began)


def dependent_runs(machine):
    return machine.state("dependent.service")["ActiveState"] == "active"


def stopped(stage):
    check, tree, disk, deb = stage.report.check, stage.tree, stage.disk, stage.deb
    configure(tree, disk)
    tree.run("dpkg", "--install", deb)
    disk.erase()
    mkfs = tree.file("/sbin/mkfs.ext4")
    os.remove(mkfs)
    tree.write("/sbin/mkfs.ext4", SLOW_MKFS, 0o755)
    with stage.machine() as machine:
        disk.attach(machine)
        machine.wait("mkfs to begin", lambda: machine.try_to("test", "-e", "/run/mkfs-began").returncode == 0)
        machine.run("systemctl", "stop", UNIT)
        ended = machine.try_to("test", "-e", "/run/mkfs-ended").returncode == 0
        check("stopping waits for mkfs", ended and disk.has_filesystem(), f"mkfs ended: {ended}")
        state = machine.state()
        check(
            "the agent ends with 75 and is not started again",
            state["ExecMainStatus"] == "75" and state["ActiveState"] == "failed",
            state,
        )
        check("nothing is mounted", machine.mounts("/data") == [])

        disk.erase()
        machine.run("rm", "-f", "/run/mkfs-began", "/run/mkfs-ended")
        machine.run("systemctl", "reset-failed", UNIT)
        machine.run("systemctl", "start", "--no-block", UNIT)
        machine.wait("mkfs to begin", lambda: machine.try_to("test", "-e", "/run/mkfs-began").returncode == 0)
        machine.run("systemctl", "kill", "--signal=KILL", "--kill-who=main", UNIT)
        machine.wait("mkfs to end", lambda: machine.try_to("test", "-e", "/run/mkfs-ended").returncode == 0)
        check("mkfs outlives an agent that is killed", True)
        machine.wait_until("active")
        check("the next run mounts what is there", len(machine.mounts("/data")) == 1)

        machine.run("systemctl", "stop", "dependent.service", UNIT)
        check("stopping the unit does not unmount", len(machine.mounts("/data")) == 1)
        machine.run("umount", "/data")
        disk.detach(machine)
        machine.run("systemctl", "start", "--no-block", UNIT)
        machine.wait("a try", lambda: machine.state()["ActiveState"] == "activating")
        machine.run("dpkg", "--remove", "autoheal-agent")
        machine.wait("the agent to end", lambda: machine.state()["MainPID"] == "0")
        check("removal stops an agent that waits", True)
        machine.run("dpkg", "--install", deb)

        machine.run("systemctl", "reset-failed", UNIT)
        machine.run("systemctl", "start", "--no-block", UNIT)
        machine.wait("the last try", lambda: machine.state()["ActiveState"] == "failed")
        state = machine.state()
        check(
            "it is tried as often as the limit says",
            (state["NRestarts"], state["ExecMainStatus"]) == ("3", "66"),
            state,
        )
        disk.attach(machine)
        # What udev does for EBS volumes; a loop device is none.
        machine.run("systemctl", "start", "autoheal-agent-arrival.service")
        machine.wait_until("active")
        machine.wait_until("active", "dependent.service")
        check("a volume that comes after the last try is mounted", len(machine.mounts("/data")) == 1)
        before = machine.state()["InvocationID"]
        machine.run("systemctl", "start", "autoheal-agent-arrival.service")
        check("a further one changes nothing", machine.state()["InvocationID"] == before)
        machine.run("journalctl", "--sync")
        said = machine.run("journalctl", "--unit=autoheal-agent-arrival.service", "--output=cat").splitlines()
        done = [line for line in said if "skipped" in line or line.startswith("Finished")]
        check("and runs nothing to find that out", ["skipped" in line for line in done] == [False, True], said)
        machine.run("systemctl", "disable", UNIT)
        machine.run("systemctl", "stop", UNIT)
        machine.run("systemctl", "start", "autoheal-agent-arrival.service")
        check("a disabled agent stays off", machine.state()["ActiveState"] == "inactive", machine.state())
        machine.run("systemctl", "enable", UNIT)


def kernel_refuses(stage):
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    configure(tree, disk, 'options = "journal_async_commit,data=ordered"\n')
    disk.erase()
    with stage.machine() as machine:
        restricted = machine.run("cat", "/proc/sys/kernel/dmesg_restrict").strip()
        stage.report.figure("kernel.dmesg_restrict", restricted)
        # A container has none of its own.
        machine.run("mknod", "--mode=600", "/dev/kmsg", "c", "1", "11")
        disk.attach(machine)
        machine.run("systemctl", "reset-failed", UNIT)
        machine.run("systemctl", "start", "--no-block", UNIT)
        machine.wait("the last word", lambda: machine.state()["ExecMainStatus"] == "71")
        journal = machine.run("journalctl", "--unit", UNIT, "AUTOHEAL_OUTCOME=failed", "--output=cat")
        check(
            "what the kernel's log says of it is in the journal",
            "can't mount with journal_async_commit" in journal,
            journal,
        )
