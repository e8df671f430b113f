"""What the stories of volumes in real guests share, and the first of them; plan.py has the list of them."""

import contextlib
import os
import re
import socket
import threading
import time

import disks
import image as images
import repository
import user_data
from console_reader import newest_outcome
from guest import AGENT_LINE, STEP_LIMIT, UNIT, Guest, StagingError, new_instance_id
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
        self.package = package
        self.source = user_data.by_address(packages.serve("autoheal-agent_test.deb", package), package)
        self.generator = generator
        self.directory = directory
        self.logs = logs
        self.accelerator = options.accelerator
        self.guest = None
        self.volume = None
        self.files = None
        self.superblock = None

    # Guests

    def launch(
        self, name, volumes, files=(), flags=(), told=None, source=None, attached=(), instance_id=None, **options
    ):
        """Starts an instance with a new id, if it is given none; the one before it dies as if its host had.

        What it is told is what the generator writes for the volumes, unless it is given.
        """
        self.end_guest()
        told = told or user_data.generated(self.generator, volumes, source or self.source, files, flags)
        instance = Instance(instance_id or new_instance_id(), told)
        logs = os.path.join(self.logs, name)
        os.makedirs(logs, exist_ok=True)
        with open(os.path.join(logs, "user-data"), "w") as file:
            file.write(told)
        # The server has it for as long as it serves this instance.
        self.metadata.forget(instance, open(os.path.join(logs, "metadata.log"), "w"))  # noqa: SIM115
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
            with contextlib.suppress(StagingError, ProtocolError), open(guest.journal_log, "w") as log:
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
        fields = [{str(value) for key, value in entry.items() if key != "MESSAGE"} for entry in facts["journal"]]
        wanted = {guest.instance_id, INSTANCE_TYPE, ZONE, "/data"}
        check(
            "journal entries have the instance and the volume as fields",
            any(wanted <= values for values in fields),
            f"no entry has all of {sorted(wanted)}; {len(fields)} entries",
        )
        lines = self.agent_lines(guest)
        check(
            "tagged lines on the serial console",
            any(guest.instance_id in line for line in lines),
            f"none of {len(lines)} lines of the agent has {guest.instance_id}",
        )
        complaints = facts["complaints"]
        check("Swift's runtime has nothing to complain of, at a format either", not complaints, complaints)
        said = any("mounted" in line and "/data" in line for line in lines)
        check("the console says that it is mounted", said, lines[-3:])
        self.check_outcome(guest, "mounted")

    def check_outcome(self, guest, wanted, reason="-"):
        """The line that makes a launch complete, or lets a volume be detached."""
        seen = lambda: newest_outcome(guest, [self.volume])
        is_there = lambda: seen()[1] == wanted and f" reason={reason} " in seen()[0]
        with contextlib.suppress(StagingError):
            guest.wait_until("the line of the outcome", is_there)
        self.report.check(f"the functions of the stack read on the console: {wanted}", is_there(), seen())

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
            state: dict[str, str] = {}

            def is_active(name=name, state=state):
                state.update(guest.unit(name))
                return state["ActiveState"] == "active"

            with contextlib.suppress(StagingError):
                guest.wait_until(name, is_active, limit=60, pause=2)
            self.report.check(f"{name} was started", state["ActiveState"] == "active", state)

    def first_instance(self):
        if self.volume:
            return
        self.report.begin(1, f"the first instance; a blank volume comes {LATE} s late")
        self.volume = disks.Volume(os.path.join(self.directory, "volume.img"))
        source = None
        if self.release == "trixie":
            # As script/publish has it: apt verifies with sqv here, with gpgv on Debian 12.
            source = repository.published(self.directory, self.package, self.packages.serve_directory)
        guest = self.launch("1-first", [self.settings()], source=source)
        guest.wait_for_agent_start()
        self.add_services(guest)
        self.attach_late(guest, self.volume)
        unit, facts = self.settle(guest, "/data")
        if self.check_mounted(guest, unit, facts):
            wanted = images.RELEASES[self.release]
            self.report.check(f"the guest has systemd {wanted}", facts["systemd"] == wanted, facts["systemd"])
            if source:
                done = guest.output("grep", "^Commandline:", "/var/log/apt/history.log")
                self.report.check("apt has installed it from the signed repository", "autoheal-agent=" in done, done)
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

    def settings(self):
        """All that has to be said of the one volume; the rest are defaults, the unit's tries among them."""
        return {"volume-id": self.volume.id}

    def login(self, guest):
        with socket.socket(socket.AF_UNIX) as console:
            console.connect(guest.path("console"))
            # What the guest says is read from the log; unread, it would stop QEMU's serial port after 300 characters.
            threading.Thread(target=drain, args=[console], daemon=True).start()
            guest.mark_console()
            try:
                for text, answer in (
                    ("", r"login: "),
                    (images.LOGIN_USER, r"Password: "),
                    (images.LOGIN_PASSWORD, r"\$ "),
                    ("echo logged-in-as-$(id -un)", "logged-in-as-" + images.LOGIN_USER),
                ):
                    console.sendall(text.encode() + b"\r")
                    guest.wait_for_console(answer, STEP_LIMIT)
                    guest.mark_console()
            except StagingError:
                return False
        return True


def drain(connection):
    with contextlib.suppress(OSError):
        while connection.recv(4096):
            pass
