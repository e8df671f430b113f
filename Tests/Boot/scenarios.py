"""The stories a volume can live through, each told to real guests; plan.py has the list of them."""

import contextlib
import os
import re
import socket
import threading
import time

import disks
import image as images
import user_data
from guest import AGENT_LINE, AGENT_PROCESS, STEP_LIMIT, UNIT, Guest, StagingError, new_instance_id
from metadata_server import INSTANCE_TYPE, ZONE, Instance
from qmp import ProtocolError

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "guest_facts.py")) as source:
    GUEST_FACTS = source.read()

# The names by which a run against a careless package recognises that it was found out.
FILES_ARE_THERE = "the files are there"
NOT_FORMATTED = "nothing was formatted"
BYTES_UNCHANGED = "{}: not one byte changed"

# The two ways in which a service may say that it needs the volume: the unit itself, and the target, as documented.
DEPENDENT, BOUND = "boot-test-dependent.service", "boot-test-bound.service"
SERVICES = {
    DEPENDENT: f"""\
[Unit]
Requires={UNIT}
After={UNIT}
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/true
""",
    BOUND: """\
[Unit]
BindsTo=autoheal-data.target
After=autoheal-data.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/mountpoint /data
[Install]
WantedBy=autoheal-data.target
""",
}

# Seconds between the agent's start and the volume's arrival.
LATE = 20


class Stories:
    """The scenarios share guests and volumes where one story goes on where another ended."""

    def __init__(self, report, image, metadata, packages, package, generator, directory, logs, options):
        self.report = report
        self.release = options.release
        self.image = image
        self.metadata = metadata
        self.packages = packages
        self.package_url = packages.serve("autoheal-agent_test.deb", package)
        self.package = package
        self.generator = generator
        self.directory = directory
        self.logs = logs
        self.accelerator = options.accelerator
        self.guest = None
        self.volume = None
        self.files = None
        self.superblock = None

    # Guests

    def launch(self, name, volumes, files=(), flags=(), told=None, attached=(), instance_id=None, **options):
        """Starts an instance with a new id, if it is given none; the one before it dies as if its host had.

        What it is told is what the generator writes for the volumes, unless it is given.
        """
        self.end_guest()
        told = told or user_data.generated(
            self.generator, volumes, self.package_url, self.package, files, flags
        )
        instance = Instance(instance_id or new_instance_id(), told)
        logs = os.path.join(self.logs, name)
        os.makedirs(logs, exist_ok=True)
        with open(os.path.join(logs, "user-data"), "w") as file:
            file.write(told)
        self.metadata.forget(instance, open(os.path.join(logs, "metadata.log"), "w"))
        self.packages.on_download = lambda path: None
        self.report.say(f"  instance {instance.id} starts: {name}/console.log")
        self.guest = Guest(self.image, name, instance.id, accelerator=self.accelerator, **options)
        self.guest.told = told
        self.guest.console_log = os.path.join(logs, "console.log")
        self.guest.journal_log = os.path.join(logs, "journal.log")
        self.guest.start(attached)
        return self.guest

    def end_guest(self):
        guest, self.guest = self.guest, None
        if not guest:
            return
        if guest.agent and guest.process.poll() is None:
            # For whoever looks into a failure; a guest that does not answer has its console.
            with contextlib.suppress(StagingError, ProtocolError):
                with open(guest.journal_log, "w") as log:
                    log.write(guest.output("journalctl", "--output=short-monotonic", "--no-hostname", limit=60))
        guest.kill()

    def attach_late(self, guest, *volumes, late=LATE):
        """Lets the agent wait for a while, then hot-adds the volumes."""
        guest.wait_for_agent_start()
        self.report.say(f"  the agent has started; the volume comes in {late} s")
        time.sleep(late)
        for volume in volumes:
            guest.attach(volume)

    def settle(self, guest, *mount_points):
        """Waits until boot and agent have ended; returns the unit's state and what is true in the guest."""
        unit = guest.wait_for_agent_end()
        guest.wait_for_boot()
        return unit, guest.python(GUEST_FACTS, "facts", *mount_points)

    # What is checked of every mounted volume

    def check_mounted(self, guest, unit, facts, mount_point="/data", volume=None, figures=True):
        check = self.report.check
        volume = volume or self.volume
        here = facts["volumes"][mount_point]
        check(f"{mount_point} is mounted", len(here["mounts"]) == 1, here["mounts"])
        check("the unit is active", unit["ActiveState"] == "active", unit)
        check("status says 0", facts["status"]["exit"] == 0, facts["status"]["text"])
        if not here["mounts"]:
            return False
        serial = volume.id.replace("-", "")
        check("it is the right volume", here["serial"] == serial, f"{here['serial']}, not {serial}")
        check("read-write", "rw" in here["mounts"][-1][3].split(","), here["mounts"])
        blind = [name for name, sees in here["namespaces"] if not sees]
        check(f"visible in all {len(here['namespaces'])} mount namespaces", not blind, f"not to {blind}")
        times = here["times"]
        if figures and "added" in times and "mounted" in times:
            seconds = times["mounted"] - times["added"]
            driver = times.get("ready", times["added"]) - times["added"]
            value = f"{seconds:.2f}, {driver:.2f} of them until the driver had it"
            self.report.figure("seconds from hot-add to mounted", value)
        if figures:
            chain = ", ".join(f"{name} {value:.1f}" for name, value in facts["boot"].items() if value)
            self.report.figure("boot chain, seconds since the kernel started", chain)
        return True

    def check_same_data(self, facts, mount_point="/data"):
        """The second half of every story of a volume with data: it is all still there."""
        check = self.report.check
        # Scenario 11 leaves files of its own at the top.
        there = self.without_lost_found(facts, mount_point)
        there = {name: value for name, value in there.items() if not name.startswith("boot-test-")}
        check(FILES_ARE_THERE, there == self.files, "the checksums differ")
        steps = self.steps(facts, mount_point)
        superblock = self.volume.superblock
        same = superblock and {**superblock, "bytes": 0} == {**self.superblock, "bytes": 0}
        check(NOT_FORMATTED, same and "format" not in steps, f"{superblock} was {self.superblock}, steps {steps}")

    @staticmethod
    def without_lost_found(facts, mount_point="/data"):
        sums = facts["volumes"][mount_point].get("checksums", {})
        return {name: value for name, value in sums.items() if not name.startswith("lost+found")}

    @staticmethod
    def steps(facts, mount_point="/data"):
        for volume in facts["status"]["volumes"]:
            run = volume.get("last_run", {})
            if run.get("mount_point") == mount_point:
                return run.get("steps", [])
        return []

    def check_tags(self, guest, facts):
        """Journal fields, whatever their names, and the console's text: who, where, what."""
        check = self.report.check
        fields = [
            {str(value) for key, value in entry.items() if key != "MESSAGE"} for entry in facts["journal"]
        ]
        wanted = {guest.instance_id, INSTANCE_TYPE, ZONE, "/data"}
        check(
            "journal entries have the instance and the volume as fields", any(wanted <= values for values in fields),
            f"no entry has all of {sorted(wanted)}; {len(fields)} entries",
        )
        lines = self.agent_lines(guest)
        check(
            "tagged lines on the serial console", any(guest.instance_id in line for line in lines),
            f"none of {len(lines)} lines of the agent has {guest.instance_id}",
        )
        complaints = facts["complaints"]
        check("Swift's runtime has nothing to complain of, at a format either", not complaints, complaints)
        said = any("mounted" in line and "/data" in line for line in lines)
        check("the console says that it is mounted", said, lines[-3:])

    @staticmethod
    def agent_lines(guest):
        return [line for line in guest.console().splitlines() if re.search(AGENT_LINE, line)]

    def add_services(self, guest):
        """Adds services that need the volume, while the agent still waits for it."""
        for name, content in SERVICES.items():
            guest.output("tee", f"/etc/systemd/system/{name}", stdin=content)
        guest.output("systemctl", "enable", BOUND)
        guest.output("systemctl", "start", "--no-block", DEPENDENT)

    def check_active(self, guest, *names):
        for name in names:
            state = {}

            def is_active(name=name, state=state):
                state.update(guest.unit(name))
                return state["ActiveState"] == "active"

            with contextlib.suppress(StagingError):
                guest.wait_until(name, is_active, limit=60, pause=2)
            self.report.check(f"{name} was started", state["ActiveState"] == "active", state)

    # 1, 2, 3

    def first_instance(self):
        if self.volume:
            return
        self.report.begin(1, f"the first instance; a blank volume comes {LATE} s late")
        self.volume = disks.Volume(os.path.join(self.directory, "volume.img"))
        guest = self.launch("1-first", [self.settings()])
        guest.wait_for_agent_start()
        self.add_services(guest)
        self.attach_late(guest, self.volume)
        unit, facts = self.settle(guest, "/data")
        if self.check_mounted(guest, unit, facts):
            wanted = images.RELEASES[self.release]
            self.report.check(f"the guest has systemd {wanted}", facts["systemd"] == wanted, facts["systemd"])
            names = sorted(facts["ec2_names"])
            self.report.check("the udev rule of EC2 took the disk for one of EBS", "sdf" in names, names)
            steps = self.steps(facts)
            self.report.check("it was formatted by this instance", "format" in steps, steps)
            self.check_tags(guest, facts)
            if unit["NRestarts"] != "0":
                # A slow machine: with the first try, systemd has given up what waits for the unit.
                guest.output("systemctl", "start", "--no-block", DEPENDENT)
            self.check_active(guest, *SERVICES)
            self.files = guest.python(GUEST_FACTS, "write", "/data/boot-test")
            self.files = {"boot-test/" + name: value for name, value in self.files.items()}
            self.superblock = self.volume.superblock
        else:
            raise StagingError("Without a mounted volume the story cannot go on.")

    def next_instance(self):
        self.first_instance()
        self.report.begin(2, "the instance is killed; the next one gets the same volume")
        guest = self.launch("2-next", [self.settings()])
        self.attach_late(guest, self.volume)
        unit, facts = self.settle(guest, "/data")
        self.check_mounted(guest, unit, facts)
        self.check_same_data(facts)

    def reboot(self):
        self.first_instance()
        self.report.begin(3, "the same instance boots again")
        guest = self.guest
        self.add_services(guest)
        before = guest.python(GUEST_FACTS, "facts")["boot_id"]
        guest.mark_console()
        # The answer may be lost with the guest.
        with contextlib.suppress(ProtocolError):
            guest.agent.request("guest-exec", {"path": "systemctl", "arg": ["reboot"]})
        guest.wait_for_boot()
        guest.connect()
        unit, facts = self.settle(guest, "/data")
        if facts["boot_id"] == before:
            raise StagingError("The guest did not boot again.")
        self.check_mounted(guest, unit, facts, figures=False)
        boot = facts["boot"]
        waited = boot["agent began"] >= boot["cloud-init-local ended"]
        self.report.check("the agent has waited for no stage of cloud-init", not waited, boot)
        self.check_active(guest, BOUND)
        self.check_same_data(facts)

    def settings(self):
        """All that has to be said of the one volume; the rest are defaults, the unit's tries among them."""
        return {"volume-id": self.volume.id}

    # 4, 5

    def killed_in_mkfs(self):
        self.report.begin(4, "killed in the middle of mkfs; the next instance finishes it")
        self.volume = disks.Volume(os.path.join(self.directory, "interrupted.img"))
        guest = self.launch("4-killed", [self.settings()])
        guest.wait_for_agent_start()
        # So slow that the moment cannot be missed.
        guest.attach(self.volume, bytes_per_second=64 << 10)
        # In the file's data and not only in the guest's cache: the marker, more than the marker, and no superblock yet.
        guest.wait_until(
            "mkfs to begin", lambda: self.volume.has_intent_marker and not self.volume.is_blank_but_for_marker,
            pause=0.05,
        )
        guest.kill()
        staged = self.volume.has_intent_marker and self.volume.superblock is None
        if not staged:
            raise StagingError(f"mkfs was not caught in the middle: {self.volume.superblock}")
        self.report.check("mkfs had written something, and no superblock", not self.volume.is_blank_but_for_marker)

        guest = self.launch("4-next", [self.settings()])
        self.attach_late(guest, self.volume, late=2)
        unit, facts = self.settle(guest, "/data")
        if not self.check_mounted(guest, unit, facts):
            raise StagingError("Without a mounted volume the story cannot go on.")
        steps = self.steps(facts)
        self.report.check("it was formatted by the second instance", "format" in steps, steps)
        self.files = guest.python(GUEST_FACTS, "write", "/data/boot-test")
        self.files = {"boot-test/" + name: value for name, value in self.files.items()}
        self.superblock = self.volume.superblock
        self.end_guest()
        errors = self.volume.errors()
        self.report.check("e2fsck finds nothing wrong", not errors, errors)
        self.report.check("the marker is gone", not self.volume.has_intent_marker)

    def enlarged(self):
        if not self.files:
            self.first_instance()
        self.end_guest()
        self.report.begin(5, "the volume was enlarged between two instances")
        before = self.volume.size
        self.volume.enlarge(2 * before)
        guest = self.launch("5-enlarged", [self.settings()])
        self.attach_late(guest, self.volume, late=2)
        unit, facts = self.settle(guest, "/data")
        self.check_mounted(guest, unit, facts)
        self.check_same_data(facts)
        here = facts["volumes"]["/data"]
        self.report.check("the file system has the new size", here.get("bytes", 0) > 1.8 * before, here.get("bytes"))
        self.report.check("it grew online", "resized" in here.get("times", {}), here.get("times"))
        times = here.get("times", {})
        if "mounted" in times and "resized" in times:
            self.report.figure("seconds from mounted to grown", f"{times['resized'] - times['mounted']:.2f}")
        self.report.check("the agent says that it grew", "grow" in self.steps(facts), self.steps(facts))
        self.end_guest()
        errors = self.volume.errors()
        self.report.check("e2fsck finds nothing wrong", not errors, errors)

    # 6

    def foreign(self):
        self.report.begin(6, "four volumes that hold something else, and a blank one")
        check = self.report.check
        volumes, settings = {}, []
        for letter, (name, (make, _)) in zip("bcde", disks.FOREIGN.items()):
            volume = disks.Volume(os.path.join(self.directory, make.__name__ + ".img"), f"/dev/xvd{letter}", 256 << 20)
            make(volume)
            volumes[name] = (volume, volume.checksum, f"/data/{letter}")
            settings.append({"device": volume.device_name, "mount-point": f"/data/{letter}", "tries": 30})
        blank = disks.Volume(os.path.join(self.directory, "beside.img"), "/dev/xvdf", 256 << 20)
        settings.append({"device": "/dev/xvdf", "mount-point": "/data/f", "tries": 30})

        guest = self.launch("6-foreign", settings)
        guest.wait_for_agent_start()
        self.add_services(guest)
        for volume, _, _ in volumes.values():
            guest.attach(volume)
        guest.attach(blank)
        points = [mount_point for _, _, mount_point in volumes.values()]
        self.settle(guest, *points, "/data/f")
        check("it is not run again and again", self.becomes_quiet(guest), guest.unit())
        unit, facts = self.settle(guest, *points, "/data/f")
        lines = self.agent_lines(guest)
        for name, (volume, _, mount_point) in volumes.items():
            pattern = disks.FOREIGN[name][1]
            check(f"{name}: not mounted", not facts["volumes"][mount_point]["mounts"], facts["volumes"][mount_point])
            said = [line for line in lines if (volume.device_name in line or mount_point in line)]
            check(f"{name}: the console says why", any(re.search(pattern, line) for line in said), said[-2:])
        check("the blank volume beside them is mounted", facts["volumes"]["/data/f"]["mounts"])
        check("the unit failed", unit["ActiveState"] == "failed", unit)
        check("its exit code is 65", unit["ExecMainStatus"] == "65", unit["ExecMainStatus"])
        check("it was not tried again", unit["NRestarts"] == "0", unit["NRestarts"])
        check("status says so too", facts["status"]["exit"] == 65, facts["status"])
        for name in SERVICES:
            state = guest.unit(name)
            never = state["ActiveState"] == "inactive" and state["ExecMainStartTimestampMonotonic"] == "0"
            check(f"{name} was not started", never, state)
        # What a careless program wrote must not stay in the guest's cache, out of the comparison's sight.
        guest.output("sync")
        self.end_guest()
        for name, (volume, before, _) in volumes.items():
            check(BYTES_UNCHANGED.format(name), volume.checksum == before)

    @staticmethod
    def becomes_quiet(guest, seconds=20):
        """Whether the unit stays as it is once what udev starts for the last arrival has ended, too."""
        def is_quiet():
            before = guest.unit()
            time.sleep(seconds)
            return guest.unit() == before
        with contextlib.suppress(StagingError):
            return guest.wait_until("the unit to stay as it is", is_quiet, limit=6 * seconds, pause=0)
        return False

    # 7

    def never(self):
        self.report.begin(7, "the volume never comes")
        check = self.report.check
        # Whatever limits the unit ships for its attempts: the same mechanism, in a shorter time.
        shorter = "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=2\n[Service]\nRestartSec=5\n"
        guest = self.launch(
            "7-never", [{"device": "/dev/sdf", "tries": 3, "interval": 5}],
            files=[(f"/etc/systemd/system/{UNIT}.d/boot-test.conf", shorter)],
        )
        guest.wait_for_boot()
        guest.connect()
        unit = guest.wait_for_agent_end()
        facts = guest.python(GUEST_FACTS, "facts", "/data")
        check("the unit failed", unit["ActiveState"] == "failed", unit)
        check("its exit code is 66", unit["ExecMainStatus"] == "66", unit["ExecMainStatus"])
        check("nothing is mounted", not facts["volumes"]["/data"]["mounts"])
        check("cloud-init is done", "status: done" in facts["cloud_init"], facts["cloud_init"])
        target = guest.unit("multi-user.target")
        check("the boot is complete", target["ActiveState"] == "active", target)
        lines = self.agent_lines(guest)
        said = [line for line in lines if re.search(r"did not appear", line)]
        check("the console says that it did not appear", said, lines[-3:])
        check("status says 66", facts["status"]["exit"] == 66, facts["status"])
        check("a person can log in on the console", self.login(guest))

        self.report.say("  it comes after all, when nothing waits for it any more")
        volume = disks.Volume(os.path.join(self.directory, "after-all.img"))
        guest.attach(volume)
        with contextlib.suppress(StagingError):
            guest.wait_until("the agent to be done", lambda: guest.unit()["ActiveState"] == "active", pause=2)
        facts = guest.python(GUEST_FACTS, "facts", "/data")
        self.check_mounted(guest, guest.unit(), facts, volume=volume, figures=False)

    def login(self, guest):
        with socket.socket(socket.AF_UNIX) as console:
            console.connect(guest.path("console"))
            # What the guest says is read from the log; unread, it would stop QEMU's serial port after 300 characters.
            threading.Thread(target=drain, args=[console], daemon=True).start()
            guest.mark_console()
            try:
                for text, answer in (
                    ("", r"login: "), (images.LOGIN_USER, r"Password: "), (images.LOGIN_PASSWORD, r"\$ "),
                    ("echo logged-in-as-$(id -un)", "logged-in-as-" + images.LOGIN_USER),
                ):
                    console.sendall(text.encode() + b"\r")
                    guest.wait_for_console(answer, STEP_LIMIT)
                    guest.mark_console()
            except StagingError:
                return False
        return True

    # 8

    def without_rule(self):
        self.report.begin(8, "no udev rule makes /dev/xvdb, and the metadata service is down")
        self.end_guest()
        root = images.without_udev_rule(self.image, self.directory)
        by_id = disks.Volume(os.path.join(self.directory, "by-id.img"), "/dev/xvdb")
        by_name = disks.Volume(os.path.join(self.directory, "by-name.img"), "/dev/sdc")
        guest = self.launch("8-without-rule", [
            {"device": "/dev/xvdb", "mount-point": "/by-id", "volume-id": by_id.id, "tries": 30},
            {"device": "/dev/xvdc", "mount-point": "/by-name", "tries": 30},
        ], root_disk=root, parameters="", is_nitro=False)
        # cloud-init has read what it needs when it runs the user data; from there on nobody answers.
        self.packages.on_download = lambda path: self.metadata.fall_silent()
        self.attach_late(guest, by_id, by_name)
        unit, facts = self.settle(guest, "/by-id", "/by-name")
        self.report.check("there is no name of EC2's in /dev", not facts["ec2_names"], facts["ec2_names"])
        self.report.check("the metadata service was silent", not self.metadata.speaks.is_set())
        for mount_point, volume in (("/by-id", by_id), ("/by-name", by_name)):
            if not self.check_mounted(guest, unit, facts, mount_point, volume, figures=mount_point == "/by-id"):
                continue
            # By the rule of the package: that of EC2, which does it too, is missing. The kernel rounds to its own ticks.
            node = facts["volumes"][mount_point]["node"]
            timeout = int(guest.output("cat", f"/sys/block/{node}/queue/io_timeout"))
            self.report.check("its I/O timeout is 24 days", abs(timeout - 0x7FFFFFFF) < 100, timeout)
        self.report.figure("requests that got no answer", self.metadata.unanswered)

    # 9

    def powers_off(self):
        self.report.begin(9, "the volume never comes, and the instance is to be replaced")
        check = self.report.check
        # As examples/replace-instance.conf has it; the unit's own limit takes more than 20 minutes.
        fewer = "[Unit]\nStartLimitBurst=3\n"
        guest = self.launch(
            "9-powers-off", [{"device": "/dev/sdf", "tries": 3, "interval": 5}], flags=["--power-off-on-failure"],
            files=[(f"/etc/systemd/system/{UNIT}.d/boot-test.conf", fewer)],
        )
        guest.wait_for_power_off()
        lines = self.agent_lines(guest)
        # Each try is a process of its own, and says more than one line: getty may wipe one off a console when it starts.
        tries = set(re.findall(AGENT_PROCESS, guest.console()))
        check("the instance is off after three tries, no sooner", len(tries) == 3, lines)
        check("the console says why", any("did not appear" in line for line in lines), lines[-3:])
        check("the boot was complete before", re.search(r"Cloud-init v\. \S+ finished", guest.console()))


def drain(connection):
    with contextlib.suppress(OSError):
        while connection.recv(4096):
            pass
