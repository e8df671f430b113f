"""Scenario 14: a volume is enlarged while it is written to, and everything goes wrong that a look can see."""

import contextlib
import itertools
import os
import re

import bound_services
import disks
from asked import HEALTHY, INTERVAL, Asked, wanted
from guest import UNIT, StagingError
from pulled import disk as node

CONFIGURATION, FORMER = "/etc/autoheal-agent/config.toml", "/run/boot-test-config.toml"
WATCHER = "autoheal-watch.service"
SMALL, LARGE = 512 << 20, 768 << 20
GROWN, MAPPED, XFS = "/srv/grown", "/srv/mapped", "/srv/xfs"
NODE = "/dev/mapper/boot-test"

# Writes all the time, and notes when: the pauses are what a client would notice.
WRITER = "boot-test-writer.service"
WRITES = f"{GROWN}/writes"
PROGRAM = "/usr/local/lib/boot-test-writer"
WRITER_TEXT = f"[Service]\nExecStart=/usr/bin/python3 {PROGRAM}\n"
PROGRAM_TEXT = f"""\
import os, time
file = os.open("{WRITES}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
while True:
    os.write(file, b"%f\\n" % time.monotonic())
    os.fsync(file)
    time.sleep(0.1)
"""

SETTINGS = """
[[volume]]
device = "/dev/sdg"
volume-id = "{grown.id}"
mount-point = "{GROWN}"

[[volume]]
device = "{NODE}"
mount-point = "{MAPPED}"
mkfs-options = "-N 128"

[[volume]]
device = "/dev/sdi"
volume-id = "{xfs.id}"
mount-point = "{XFS}"

[health]
listen = "0.0.0.0:9465"
interval = {INTERVAL}
"""


def story(stories):
    stories.first_instance()
    stories.report.begin(14, "a volume is enlarged while it is written to; then what can go wrong with one does")
    story = Story(stories)
    story.prepare()
    story.enlarge()
    story.room()
    story.errors()
    story.shut_down()
    story.hang()
    story.pull()
    story.figures()
    story.tidy()


class Story(Asked):
    def __init__(self, stories):
        super().__init__(stories.report, stories.guest)
        new = lambda name, device, size, **options: disks.Volume(
            os.path.join(stories.directory, f"watched-{name}.img"), device, size, **options
        )
        self.grown = new("grown", "/dev/sdg", LARGE, shown=SMALL)
        self.mapped = new("mapped", "/dev/sdh", 256 << 20)
        self.xfs = new("xfs", "/dev/sdi", 384 << 20)

    def prepare(self):
        guest = self.guest
        for volume in (self.grown, self.mapped, self.xfs):
            guest.attach(volume)
            guest.wait_until("the disk to be there", lambda volume=volume: node(guest, volume), pause=0.5)
        # One of them through device-mapper, which can be told to fail.
        self.disk = node(guest, self.mapped)
        guest.output("mkfs.xfs", "-q", node(guest, self.xfs))
        guest.output("modprobe", "dm-flakey")
        guest.output("dmsetup", "create", "boot-test", "--table", self.table("linear"))
        guest.output("cp", CONFIGURATION, FORMER)
        settings = SETTINGS.format(
            GROWN=GROWN, NODE=NODE, MAPPED=MAPPED, XFS=XFS, INTERVAL=INTERVAL, grown=self.grown, xfs=self.xfs
        )
        guest.output("tee", "--append", CONFIGURATION, stdin=settings)
        self.restart()
        bound_services.write(guest, PROGRAM, PROGRAM_TEXT)
        bound_services.write(guest, f"/etc/systemd/system/{WRITER}", WRITER_TEXT)
        bound_services.write(
            guest, f"/etc/systemd/system/{WRITER}.d/autoheal.conf", bound_services.drop_in(WRITER, GROWN)
        )
        guest.output("systemctl", "add-wants", bound_services.TARGET, WRITER)
        guest.output("systemctl", "start", WRITER)
        guest.output("systemctl", "enable", "--now", WATCHER)
        self.expect("before anything happens", GROWN, HEALTHY)

    # The parts

    def enlarge(self):
        guest, check = self.guest, self.report.check
        before = self.runs()
        disk = node(guest, self.grown).rpartition("/")[2]
        guest.enlarge(self.grown, LARGE)
        since = self.clock()
        # A controller of EBS has the kernel do it, by an event that QEMU's has not.
        guest.output("sh", "-c", f"echo 1 >/sys/block/{disk}/device/rescan_controller")
        has_grown = lambda: int(guest.output("stat", "--file-system", "--format=%b", GROWN)) * 4096 > SMALL
        with contextlib.suppress(StagingError):
            guest.wait_until("the file system to grow", has_grown, limit=60, pause=2)
        self.expect("the enlarged one", GROWN, HEALTHY)
        facts = self.facts("grown", disk, GROWN, since)
        check("the file system grew while it was written to", facts["larger"] and facts["grown"], facts)
        if facts["larger"] and facts["grown"]:
            seconds = facts["grown"] - facts["larger"]
            self.report.figure("seconds from the larger device to the grown file system", f"{seconds:.2f}")
            self.report.figure("seconds that one write took longest meanwhile", self.longest_pause(facts))
        check("  the growing unit says so in one line", len(facts["said"]) == 1, facts["said"])
        after = self.runs()
        check("  nothing was restarted or mounted anew: processes, runs, mount", after == before, (before, after))
        guest.output("sync", WRITES)
        with guest.standstill():
            errors = self.grown.errors()
        check("  e2fsck finds nothing wrong", not errors, errors)

    def room(self):
        fill = f"set -- $(stat -f -c '%a %S' {MAPPED}); fallocate -l $(($1 * $2)) {MAPPED}/filler"
        self.fault("full", MAPPED, wanted("full", state="degraded"), fill)
        self.recovery("room again", MAPPED, f"rm {MAPPED}/filler")
        files = f"mkdir {MAPPED}/d; cd {MAPPED}/d; n=0; while true >$n; do n=$((n + 1)); done; true"
        self.fault("no inodes left", MAPPED, wanted("no-inodes", state="degraded"), files)
        self.recovery("inodes again", MAPPED, f"rm -r {MAPPED}/d")

    def errors(self):
        """Nobody writes after the journal was aborted: that must be seen without."""
        kernel_name = self.guest.output("readlink", "-f", NODE).strip().rpartition("/")[2]
        trigger = f"echo boot-test >/sys/fs/ext4/{kernel_name}/trigger_fs_error"
        recorded = wanted("errors-recorded", state="degraded", ready=True)
        self.fault("an error that ext4 goes on after", MAPPED, recorded, trigger)
        stop = f"mount -o remount,errors=remount-ro {MAPPED} && {trigger}"
        self.fault("an error that ext4 stops after", MAPPED, wanted("journal-aborted"), stop)
        self.remount(MAPPED)
        write = f"echo x >{MAPPED}/written; sync {MAPPED}/written; true"
        self.fault("every write fails", MAPPED, wanted("journal-aborted"), self.load("flakey") + write)
        self.fault("reads fail too", MAPPED, wanted("read-failed"), self.load("error"), before=503)
        self.remount(MAPPED)

    def shut_down(self):
        self.fault("an xfs that was shut down", XFS, wanted("shut-down"), f"xfs_io -x -c shutdown {XFS}")
        self.remount(XFS)

    def hang(self):
        suspend = "dmsetup suspend --nolockfs --noflush boot-test"
        self.fault("device-mapper holds everything", MAPPED, wanted("read-hangs"), suspend)
        self.recovery("it goes on", MAPPED, "dmsetup resume boot-test")
        self.guest.output("systemctl", "stop", WRITER)
        since = self.clock()
        self.guest.set_hanging(self.grown, True)
        self.fault("the disk answers nothing", GROWN, wanted("read-hangs"), since=since)
        since = self.clock()
        self.guest.set_hanging(self.grown, False)
        self.recovery("it answers", GROWN, since=since)

    def pull(self):
        since = self.clock()
        self.guest.pull(self.grown)
        self.fault("the disk is gone", GROWN, wanted("device-gone"), since=since)
        self.guest.attach(self.grown)
        self.guest.wait_until("the disk to come back", lambda: node(self.guest, self.grown), pause=0.5)
        self.recovery("it is back, and the unit was restarted", GROWN, f"systemctl restart {UNIT}")

    def figures(self):
        text = self.guest.output(
            "systemctl", "show", "--property=CPUUsageNSec,MemoryCurrent,NRestarts,MainPID", WATCHER
        )
        values = dict(line.split("=") for line in text.splitlines())
        self.report.check("the watcher ran all the time", values["NRestarts"] == "0", values)
        resident = re.search(r"VmRSS:\s*(\d+)", self.guest.output("cat", f"/proc/{values['MainPID']}/status")).group(1)
        complaints = self.guest.run("journalctl", "--boot", "--quiet", "--output=cat", "--grep=thread priority")[1]
        self.report.check("Swift's runtime has nothing to complain of", not complaints, complaints)
        self.report.figure("the watcher's CPU time, s", f"{int(values['CPUUsageNSec']) / 1e9:.1f}")
        self.report.figure("the watcher's resident memory, MiB", f"{int(resident) / 1024:.1f}")

    def tidy(self):
        """Leaves the guest as it was found: other scenarios go on in it."""
        guest = self.guest
        guest.output("systemctl", "stop", WRITER)
        guest.output("rm", "-r", f"/etc/systemd/system/{bound_services.TARGET}.wants/{WRITER}")
        guest.output("umount", GROWN, MAPPED, XFS)
        guest.output("dmsetup", "remove", "boot-test")
        # What a run has reported is watched until the next boot.
        guest.output("sh", "-c", "rm /run/autoheal-agent/srv-*.json")
        guest.output("mv", FORMER, CONFIGURATION)
        self.restart()
        for volume in (self.grown, self.mapped, self.xfs):
            guest.pull(volume)

    # Their steps

    def remount(self, mount_point):
        """As status advises, but for the restart of all services."""
        mend = self.load("linear") if mount_point == MAPPED else ""
        what = f"{mount_point} was unmounted, checked and mounted"
        self.recovery(what, mount_point, f"{mend}umount {mount_point} && autoheal-agent mount")

    def restart(self):
        self.guest.output("systemctl", "restart", UNIT)

    def runs(self):
        """What a restart, a mount or another process would change."""
        shown = [
            self.guest.output("systemctl", "show", "--property=MainPID,InvocationID,ActiveState", unit)
            for unit in (WRITER, UNIT, bound_services.TARGET)
        ]
        table = self.guest.output("cat", "/proc/1/mountinfo").splitlines()
        return shown, [line.split()[0] for line in table if f" {GROWN} " in line]

    def longest_pause(self, facts):
        times = [float(line) for line in self.guest.output("tail", "-n", "2000", WRITES).splitlines()]
        near = [time for time in times if facts["larger"] - 2 < time < facts["grown"] + 2]
        return f"{max((b - a for a, b in itertools.pairwise(near)), default=-1):.2f} of {len(near)}"

    def table(self, target):
        sectors = self.mapped.size // 512
        arguments = {"linear": f"{self.disk} 0", "flakey": f"{self.disk} 0 0 1 1 error_writes", "error": ""}
        return f"0 {sectors} {target} {arguments[target]}".strip()

    def load(self, target):
        """The command that makes the device work, or fail."""
        return (
            f"dmsetup suspend --nolockfs --noflush boot-test && dmsetup load boot-test --table '{self.table(target)}' "
            "&& dmsetup resume boot-test; "
        )
