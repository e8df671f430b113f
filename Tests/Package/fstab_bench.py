"""Volumes with lines of /etc/fstab, and what their mounts run."""

import contextlib
import os

from machine import TARGET, UNIT, MachineError

ARRIVAL = "autoheal-mount-arrival.service"
# Impatient enough to fail before anybody waits for long.
IMPATIENT = ",autoheal.tries=2,autoheal.interval=0.3"


def act(stage, function, *arguments):
    """What goes wrong in one says nothing of the others."""
    try:
        function(stage.report.check, *arguments)
    except MachineError as error:
        stage.report.check(f"'{function.__name__}' goes to its end", False, error)


def fstab(tree, machine, *lines):
    """Writes it; systemd, where it runs, makes its units of it."""
    tree.write("/etc/fstab", "".join(lines))
    if machine:
        machine.run("systemctl", "daemon-reload")


def has(machine, path):
    return machine.try_to("test", "-e", path).returncode == 0


def outcome(machine, state, unit=UNIT, limit=20):
    """The unit's state once it is the wanted one, or when the time is over."""
    with contextlib.suppress(MachineError):
        machine.wait(f"{unit} to be {state}", lambda: machine.state(unit)["ActiveState"] == state, limit)
    return machine.state(unit)["ActiveState"]


def is_idle(machine, unit):
    """Whether systemd has nothing to do for it."""
    jobs = machine.run("systemctl", "list-jobs", "--no-legend", "--plain")
    return unit not in jobs and machine.state(unit)["ActiveState"] in ("active", "inactive", "failed")


def agent_begins_anew(machine):
    """As at a boot, with the lines that are there now."""
    machine.run("systemctl", "stop", TARGET, UNIT)
    machine.run(
        "sh", "-c", "rm -f /run/autoheal-agent/*.fstab /run/autoheal-agent/*.json /run/autoheal-agent/awaited/*"
    )
    machine.try_to("systemctl", "reset-failed", UNIT)


def kill(machine, name, *processes):
    """Sends a signal to all that are still there."""
    machine.try_to("sh", "-c", 'kill -s "$@"', "sh", name, "--", *processes)


class Volume:
    def __init__(self, disk, mount_point, number):
        self.disk = disk
        self.mount_point = mount_point
        self.id = f"vol-0123456789abcdef{number}"
        name = mount_point.strip("/").replace("/", "-")
        self.unit = name + ".mount"
        # Written when the helper begins to wait.
        self.note = f"/run/autoheal-agent/{name}.fstab"

    def options(self, more=""):
        return f"noatime,nofail,x-systemd.mount-timeout=infinity,autoheal.device={self.disk.node}{more}"

    def line(self, more=""):
        return f"{self.id} {self.mount_point} autoheal {self.options(more)} 0 0\n"

    def begin(self, machine):
        """Starts the mount unit, without its volume; returns when the helper waits."""
        machine.run("systemctl", "start", "--no-block", self.unit)
        machine.wait(f"{self.unit} to wait", lambda: has(machine, self.note) and self.helpers(machine))

    def arrives(self, machine):
        self.disk.attach(machine)
        # What udev does for EBS volumes; a loop device is none.
        machine.run("systemctl", "start", ARRIVAL)
        return outcome(machine, "active", self.unit)

    def helpers(self, machine, group=""):
        """The processes of the helper for this mount point, in such a control group, as the machine numbers them."""
        found = []
        processes = f"/proc/{machine.leader}/root/proc"
        for process in filter(str.isdecimal, os.listdir(processes)):
            try:
                with open(f"{processes}/{process}/cmdline") as file:
                    words = file.read().split("\0")
                with open(f"{processes}/{process}/cgroup") as file:
                    is_in_group = group in file.read()
            except OSError:
                continue
            if is_in_group and os.path.basename(words[0]) == "mount.autoheal" and self.mount_point in words:
                found.append(process)
        return found

    def forget(self, tree, machine, others=()):
        """Leaves a blank volume that is not there, and nothing that waits for it."""
        fstab(tree, machine, *others)
        machine.try_to("systemctl", "stop", self.unit)
        kill(machine, "KILL", *self.helpers(machine))
        machine.wait("its helpers to end", lambda: self.helpers(machine) == [])
        if machine.mounts(self.mount_point):
            machine.run("umount", self.mount_point)
        name = self.note.removesuffix(".fstab")
        machine.run("rm", "-f", self.note, name + ".json", f"/run/autoheal-agent/awaited/{self.unit}")
        machine.try_to("systemctl", "reset-failed", self.unit)
        self.disk.detach(machine)
        self.disk.erase()
