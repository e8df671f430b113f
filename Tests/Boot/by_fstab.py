"""Scenario 16: the volumes are lines of /etc/fstab: late at two boots, a foreign one, and what ends in what order."""

import contextlib
import json
import os

import disks
from bound_services import TARGET, write
from fstab_guest import HEALTH, InGuest, reboot, unit_of
from guest import UNIT, Guest, StagingError
from orderly_end import last_write
from pulled import disk
from scenarios import BYTES_UNCHANGED, FILES_ARE_THERE, GUEST_FACTS, NOT_FORMATTED, Stories

DATA, LATE, FOREIGN = "/data", "/srv/late", "/srv/foreign"
# Writes when its volume has been unmounted, or after 3 s of having it: the bare mount point takes nothing.
ON_DATA = "boot-test-on-data.service"
ON_LATE, ON_FOREIGN = "boot-test-on-late.service", "boot-test-on-foreign.service"
LAST_WRITE = """\
ExecStop=/bin/sh -c 'for i in 1 2 3; do mountpoint -q {mount_point} || break; sleep 1; done; \\
    date +%%s >{mount_point}/boot-test-last'
"""
# As a person enables a service: multi-user.target waits for it, or for its failure.
ENABLED = "[Install]\nWantedBy=multi-user.target\n"
# Gives up after 10 s: what comes after that is told of by udev alone.
IMPATIENT = {"tries": 2, "interval": 5}
FOREIGN_LINE = "{id} {mount_point} autoheal noatime,nofail,x-systemd.mount-timeout=infinity 0 0\n"


def story(stories: Stories) -> None:
    stories.report.begin(16, "volumes by lines of /etc/fstab: late ones, a foreign one, and the order at the end")
    told = Story(stories)
    told.first_boot()
    told.goes_down()
    told.second_boot()
    told.refuses()
    told.comes_late_again()
    told.is_mended()


class Story(InGuest):
    def __init__(self, stories: Stories) -> None:
        self.stories, self.check = stories, stories.report.check
        new = lambda name, device: disks.Volume(os.path.join(stories.directory, name + ".img"), device, 256 << 20)
        self.data, self.late = new("fstab-data", "/dev/sdf"), new("fstab-late", "/dev/sdg")
        self.foreign = new("fstab-foreign", "/dev/sdh")
        disks.lvm(self.foreign)
        self.foreign_bytes = self.foreign.checksum
        self.guest: Guest

    # The first boot: user data writes the lines, and the volumes come when everything else is up.

    def first_boot(self) -> None:
        check = self.check
        volumes = [
            {"device": "/dev/sdf", "volume-id": self.data.id, "mount-point": DATA, "options": "noatime"},
            {"device": "/dev/sdg", "volume-id": self.late.id, "mount-point": LATE, **IMPATIENT},
        ]
        guest = self.guest = self.stories.launch("16-fstab", volumes, flags=["--mount-with", "fstab"])
        guest.wait_for_boot()
        guest.connect()
        states = [guest.unit(name)["ActiveState"] for name in ("multi-user.target", unit_of(DATA))]
        check("the first boot is complete while the mount waits", states == ["active", "activating"], states)
        self.add(ON_DATA, DATA, LAST_WRITE)
        self.add(ON_LATE, LATE)
        guest.output("systemctl", "start", "--no-block", ON_DATA)
        state = guest.unit(ON_DATA)["ActiveState"]
        check("  and the service on it has not begun", state == "inactive", state)
        # Before anything arrives: that has every mount tried again that has failed.
        self.wait_for(unit_of(LATE), state="failed")
        shown = guest.run("systemctl", "status", "--no-pager", "--lines=20", unit_of(LATE))[1]
        check(
            "one that did not come says so, with mount's exit code",
            "did not appear" in shown and "status=32" in shown,
            shown,
        )
        code, page, _ = guest.run("autoheal-agent", "status")
        check("  and status is 66", code == 66, (code, page))

        self.attach(self.data)
        self.wait_for(unit_of(DATA), ON_DATA)
        check(
            "the service began after the mount",
            self.began(ON_DATA) > self.mounted(DATA),
            (self.began(ON_DATA), self.mounted(DATA)),
        )
        self.attach(self.late)
        self.wait_for(unit_of(LATE), ON_LATE, TARGET)
        unit, facts = self.stories.settle(guest, DATA, LATE)
        for mount_point, volume in ((DATA, self.data), (LATE, self.late)):
            self.is_mounted(facts, unit, mount_point, volume)
            steps = self.stories.steps(facts, mount_point)
            check("  formatted by this instance", "format" in steps, steps)
        options = guest.output("findmnt", "--noheadings", "--output=OPTIONS", DATA)
        check("with the options of its line, without ours", "noatime" in options and "autoheal" not in options, options)
        self.nothing_failed()
        guest.python(GUEST_FACTS, "write", DATA + "/boot-test")
        self.files = self.sums(guest.python(GUEST_FACTS, "facts", DATA))
        self.superblock = self.data.superblock

    # It goes down, and its last writes are in the volume.

    def goes_down(self) -> None:
        guest, check = self.guest, self.check
        line = FOREIGN_LINE.format(id=self.foreign.id, mount_point=FOREIGN)
        guest.output("tee", "--append", "/etc/fstab", stdin=line)
        # At a boot others hold the disk for seconds, and longer on a busy machine.
        guest.output("sed", "--in-place", "s/,autoheal.tries=.*,autoheal.interval=[0-9]*//", "/etc/fstab")
        write(guest, "/etc/autoheal-agent/config.toml", HEALTH)
        self.add(ON_FOREIGN, FOREIGN, ENABLED, wanted=False)
        guest.output("systemctl", "enable", ON_FOREIGN)
        self.begin = int(guest.output("date", "+%s"))
        guest.mark_console()
        reboot(guest)
        said = guest.console()[guest.console_mark :]
        check(
            "nothing failed to unmount",
            "Failed unmounting" not in said and "Failed to unmount" not in said,
            said[-400:],
        )
        check("the file systems are clean", self.data.is_clean and self.late.is_clean)
        found = last_write(self.data, "boot-test-last").strip()
        check("the last write of the service is in the volume", found.isdigit() and int(found) >= self.begin, found)

    # The second boot: the line is there from the start, and the volume is not.

    def second_boot(self) -> None:
        check, former = self.check, self.guest
        guest = self.guest = self.stories.launch(
            "16-again",
            [],
            told=former.told,
            attached=[self.late, self.foreign],
            instance_id=former.instance_id,
            root_disk=os.path.abspath(former.path("root.qcow2")),
        )
        try:
            guest.wait_for_boot()
        except StagingError as error:
            check("the boot comes to its end without the volume", False, error)
            raise
        guest.connect()
        units = ("local-fs.target", "multi-user.target", unit_of(LATE), unit_of(DATA))
        states = [guest.unit(name)["ActiveState"] for name in units]
        wanted = ["active", "active", "active", "activating"]
        check(
            "the boot does not wait for the volume that is not there, and has the other one", states == wanted, states
        )
        check("a person can log in on the console", self.stories.login(guest))
        order = self.order_at_the_end(ON_DATA, unit_of(DATA))
        check(
            "at the end of the boot before, the service had stopped before the unmount began",
            None not in order and order == sorted(order),
            order,
        )

    def order_at_the_end(self, service: str, mount: str) -> list[int | None]:
        """In the boot before, when the service had been stopped, the unmount began, and was done; in microseconds."""
        text = self.guest.output("journalctl", "--boot=-1", "--output=json", "_PID=1", "JOB_TYPE=stop")
        entries = [json.loads(line) for line in text.splitlines()]
        last = {(entry.get("UNIT"), entry.get("JOB_RESULT")): int(entry["__MONOTONIC_TIMESTAMP"]) for entry in entries}
        return [last.get(key) for key in ((service, "done"), (mount, None), (mount, "done"))]

    def refuses(self) -> None:
        guest, check = self.guest, self.check
        mount = unit_of(FOREIGN)
        shown = guest.run("systemctl", "status", "--no-pager", "--lines=20", mount)[1]
        state = guest.unit(mount)
        check(
            "the foreign volume's mount has failed",
            (state["ActiveState"], state["Result"]) == ("failed", "exit-code"),
            state,
        )
        check(
            "  systemctl status says what was found, and mount's exit code",
            "LVM2_member" in shown and "status=32" in shown,
            shown,
        )
        code, page, _ = guest.run("autoheal-agent", "status", "--mount-point", FOREIGN)
        check("  status says 65", code == 65 and "LVM2_member" in page, (code, page))
        results = guest.output("journalctl", "--boot", "--output=json", "_PID=1", f"UNIT={ON_FOREIGN}")
        found = [json.loads(line).get("JOB_RESULT") for line in results.splitlines()]
        check("  the service on it was given up as 'dependency'", "dependency" in found and "done" not in found, found)
        state = guest.unit(ON_FOREIGN)
        check("  and never began", state["ExecMainStartTimestampMonotonic"] == "0", state)
        check("  nothing is mounted there", guest.run("findmnt", FOREIGN)[0] == 1)

    def comes_late_again(self) -> None:
        guest, check = self.guest, self.check
        code, page, _ = guest.run("autoheal-agent", "status", "--mount-point", DATA)
        check("status is 66 while it is not there", code == 66, (code, page))
        guest.output("systemctl", "start", "--no-block", ON_DATA)
        self.attach(self.data)
        self.wait_for(unit_of(DATA), ON_DATA)
        check(
            "the service began after the mount",
            self.began(ON_DATA) > self.mounted(DATA),
            (self.began(ON_DATA), self.mounted(DATA)),
        )
        unit = guest.wait_for_agent_end()
        seen = (unit["ActiveState"], unit["ExecMainStatus"])
        check("the agent's unit has failed for the foreign one, with 65", seen == ("failed", "65"), unit)
        # What arrives has every mount tried again that has failed.
        wanted = sorted([UNIT, unit_of(FOREIGN)])
        with contextlib.suppress(StagingError):
            guest.wait_until("the mount to fail again", lambda: self.failed() == wanted, limit=300)
        check("and nothing else has but its mount", self.failed() == wanted, self.failed())
        states = self.health()
        each = {DATA: "healthy", LATE: "healthy", FOREIGN: "degraded"}
        check("/health tells them apart", states == ("degraded", each), states)
        said = self.said_of(DATA)
        check(
            "the watcher's log never went back to 'waiting'", "waiting" not in said and said[-1:] == ["healthy"], said
        )

    def is_mended(self) -> None:
        """The operator takes the line away, as the refusal leaves no other way to this volume."""
        guest, check = self.guest, self.check
        guest.output("sed", "--in-place", f"/^{self.foreign.id} /d", "/etc/fstab")
        guest.output("systemctl", "disable", ON_FOREIGN)
        guest.output("systemctl", "reset-failed", unit_of(FOREIGN))
        guest.output("systemctl", "restart", UNIT)
        self.wait_for(TARGET, ON_LATE)
        unit, facts = guest.wait_for_agent_end(), guest.python(GUEST_FACTS, "facts", DATA, LATE)
        for mount_point, volume in ((DATA, self.data), (LATE, self.late)):
            self.is_mounted(facts, unit, mount_point, volume)
        self.nothing_failed()
        states = self.health()
        check("/health says healthy", states == ("healthy", {DATA: "healthy", LATE: "healthy"}), states)
        check(FILES_ARE_THERE, self.sums(facts) == self.files, (self.sums(facts), self.files))
        steps = self.stories.steps(facts, DATA)
        check(NOT_FORMATTED, self.data.superblock == self.superblock and "format" not in steps, steps)
        words = guest.output("journalctl", "--boot", "--dmesg", "--output=cat").splitlines()
        nodes = [disk(guest, volume).rpartition("/")[2] for volume in (self.data, self.late)]
        replayed = [
            line
            for line in words
            if any(f"({node})" in line for node in nodes) and ("recover" in line or "orphan" in line)
        ]
        check("the kernel replayed no journal", not replayed, replayed)
        guest.output("sync")
        self.stories.end_guest()
        check(BYTES_UNCHANGED.format("the foreign volume"), self.foreign.checksum == self.foreign_bytes)

    # Their steps

    def is_mounted(self, facts: dict, unit: dict, mount_point: str, volume: disks.Volume) -> None:
        self.stories.check_mounted(self.guest, unit, facts, mount_point, volume, figures=mount_point == DATA)

    def sums(self, facts: dict) -> dict:
        sums = self.stories.without_lost_found(facts, DATA)
        return {name: value for name, value in sums.items() if not name.startswith("boot-test-")}
