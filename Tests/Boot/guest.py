"""One instance: a QEMU process, its console, its disks, and the guest agent in it."""

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import time

import ebs_identity
import image as images
import qemu
from qmp import GuestAgent, Monitor, ProtocolError

# As the images of AWS and Debian boot.
AMAZON_PARAMETERS = "nvme_core.io_timeout=4294967295"
UNIT = "autoheal-agent.service"
# However it came to the console: by the journal or straight from the agent.
AGENT_LINE = r"autoheal-agent(\[\d+\])?: "
AGENT_PROCESS = r"autoheal-agent\[(\d+)\]: "
# Seconds. A guest under TCG on a busy machine is slow; these limits only stop what would never end.
BOOT_LIMIT = 900
STEP_LIMIT = 300


class StagingError(Exception):
    """The test could not bring a guest where it wanted it; this says nothing about the agent."""


class Guest:
    """`directory` is relative to the working directory: a socket's path must be short."""

    def __init__(
        self,
        image,
        directory,
        instance_id,
        root_disk=None,
        accelerator="tcg",
        parameters=AMAZON_PARAMETERS,
        nanoseconds=None,
        is_nitro=True,
    ):
        """`nanoseconds`: what an instruction takes, so that the guest's time is its work and not the machine's load."""
        os.makedirs(directory, exist_ok=True)
        self.image = image
        self.directory = directory
        self.instance_id = instance_id
        self.accelerator = accelerator
        self.parameters = parameters
        self.root_disk = root_disk or image.disk
        # On Xen, the firmware does not tell which instance it is.
        self.board = ["-smbios", f"type=2,manufacturer=Amazon EC2,asset={instance_id}"] if is_nitro else []
        # QEMU takes a power of two, and counts those of one CPU after the other's, so there is one.
        self.count = ["-icount", f"shift={nanoseconds.bit_length() - 1}"] if nanoseconds else []
        self.cpus = 1 if nanoseconds else 2
        self.told = None
        self.console_log = os.path.join(directory, "console.log")
        self.journal_log = os.path.join(directory, "journal.log")
        self.process = None
        self.agent = None
        self.console_mark = 0
        # By a volume's id, the block node that QEMU has of it.
        self.attached = {}

    # Life

    def start(self, volumes=()):
        """Boots with these volumes attached already."""
        overlay = images.overlay(self.root_disk, self.path("root.qcow2"))
        root_volume = new_volume_id()
        command = qemu.command(self, overlay, root_volume)
        for name in ("qmp", "console", "agent"):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))
        with open(self.path("qemu.log"), "w") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.monitor = Monitor(self.path("qmp"))
            ebs_identity.give(self.process.pid, root_volume, "/dev/xvda", qemu.MEMORY)
            for volume in volumes:
                self.attach(volume, running=False)
            self.started = time.monotonic()
            self.monitor.request("cont")
        except (ProtocolError, ebs_identity.IdentityError, OSError) as error:
            raise StagingError(f"QEMU did not start ({error}); see {self.path('qemu.log')}") from error

    def kill(self):
        """What happens to an instance whose host dies: SIGKILL, nothing is flushed by the guest."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def path(self, name):
        return os.path.join(self.directory, name)

    def demand_alive(self):
        if self.process.poll() is not None:
            raise StagingError(f"QEMU ended with {self.process.returncode}; see {self.path('qemu.log')}")

    # Console

    def console(self):
        with open(self.console_log, errors="replace") as log:
            return log.read()

    def wait_for_console(self, pattern, limit=BOOT_LIMIT):
        """Waits until the console has shown a pattern since the mark."""
        deadline = time.monotonic() + limit
        while True:
            text = self.console()[self.console_mark :]
            found = re.search(pattern, text)
            if found:
                return found
            if "Kernel panic" in text or "emergency mode" in text:
                raise StagingError(f"The guest is dead; see {self.console_log}")
            self.demand_alive()
            if time.monotonic() > deadline:
                raise StagingError(f"The console did not show /{pattern}/ within {limit} s; see {self.console_log}")
            time.sleep(0.25)

    def mark_console(self):
        self.console_mark = len(self.console())

    # The window into the guest

    def connect(self):
        """Waits for the guest agent, which starts when the guest is half way up."""
        try:
            if not self.agent:
                self.agent = GuestAgent(self.path("agent"))
            self.agent.synchronise(BOOT_LIMIT)
        except ProtocolError as error:
            self.demand_alive()
            raise StagingError(f"{error}; see {self.console_log}") from error

    def run(self, *command, stdin=None, limit=STEP_LIMIT):
        try:
            return self.agent.run(list(command), stdin, limit)
        except ProtocolError as error:
            self.demand_alive()
            raise StagingError(f"{' '.join(map(str, command))[:80]}: {error}") from error

    def output(self, *command, stdin=None, limit=STEP_LIMIT):
        code, out, error = self.run(*command, stdin=stdin, limit=limit)
        if code != 0:
            raise StagingError(f"In the guest, {' '.join(command)[:80]} ended with {code}: {error.strip()[-400:]}")
        return out

    def python(self, source, *arguments, limit=STEP_LIMIT):
        """Runs Python in the guest; what it prints is JSON."""
        return json.loads(self.output("python3", "-", *arguments, stdin=source, limit=limit))

    def unit(self, name=UNIT):
        lines = self.output(
            "systemctl",
            "show",
            name,
            "-p",
            "LoadState,ActiveState,SubState,Result,ExecMainStatus,ExecMainStartTimestampMonotonic,"
            "ExecMainExitTimestampMonotonic,ActiveEnterTimestampMonotonic,ConditionResult,NRestarts",
        ).splitlines()
        return dict(line.split("=", 1) for line in lines)

    def wait_until(self, what, condition, limit=STEP_LIMIT, pause=1.0):
        deadline = time.monotonic() + limit
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise StagingError(f"Waited {limit} s for {what}; see {self.console_log}")
            self.demand_alive()
            time.sleep(pause)

    def wait_for_agent_start(self):
        """Waits for the agent's first word on the console, or for the end of the user data, which starts it."""
        self.wait_for_console(AGENT_LINE + r"|Cloud-init v\. \S+ finished")
        self.connect()

    def wait_for_agent_end(self, limit=STEP_LIMIT):
        """Waits until the unit is neither starting nor about to be started again."""

        def ended():
            unit = self.unit()
            return unit if unit["ActiveState"] in ("active", "failed", "inactive") else None

        return self.wait_until(f"{UNIT} to end", ended, limit, pause=2)

    def wait_for_boot(self):
        """Waits for the last word of cloud-init, which comes after the user data has run."""
        return self.wait_for_console(r"Cloud-init v\. \S+ finished at .*")

    def power_off(self):
        """Ends it in order."""
        # The answer may be lost with the guest.
        with contextlib.suppress(ProtocolError):
            self.agent.request("guest-exec", {"path": "systemctl", "arg": ["--no-block", "poweroff"]})
        self.wait_for_power_off()

    def wait_for_power_off(self, limit=BOOT_LIMIT):
        """Waits until the guest has switched itself off."""
        try:
            code = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise StagingError(f"The guest was not off after {limit} s; see {self.console_log}") from None
        if code != 0:
            self.demand_alive()

    # Disks

    def attach(self, volume, bytes_per_second=None, running=True):
        """Hot-adds a volume as the attach function of the stack does; the guest never sees it with another identity."""
        name = device_id(volume)
        if volume.id not in self.attached:
            self.add_backend(volume, bytes_per_second)
        if running:
            self.monitor.request("stop")
        try:
            device = {"driver": "nvme", "id": name, "serial": name, "drive": self.attached[volume.id], "bus": "pci.0"}
            self.monitor.request("device_add", device)
            ebs_identity.give(self.process.pid, volume.id, volume.device_name, qemu.MEMORY)
            if volume.shown != volume.size:
                ebs_identity.resize(self.process.pid, volume.size, volume.shown, qemu.MEMORY)
        finally:
            if running:
                self.monitor.request("cont")

    def enlarge(self, volume, size):
        """Lets the volume show more of its file while it is attached; the guest has to be told to look."""
        with self.standstill():
            ebs_identity.resize(self.process.pid, volume.shown, size, qemu.MEMORY)
        volume.hidden = volume.size - size

    @contextlib.contextmanager
    def standstill(self):
        """No instruction of the guest runs meanwhile, and what it has written is in its volumes' files."""
        self.monitor.request("stop")
        try:
            yield
        finally:
            self.monitor.request("cont")

    def set_hanging(self, volume, hangs):
        """Lets every request to the volume wait for an hour and more, or no longer."""
        limits = dict.fromkeys(("bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"), 0)
        limits.update(id=device_id(volume), bps=int(hangs))
        self.monitor.request("block_set_io_throttle", limits)

    def add_backend(self, volume, bytes_per_second):
        name = device_id(volume)
        node = {"driver": "file", "node-name": "file-" + name, "filename": volume.path, "discard": "unmap"}
        self.monitor.request("blockdev-add", node)
        top = "raw-" + name
        self.monitor.request("blockdev-add", {"driver": "raw", "node-name": top, "file": "file-" + name})
        if bytes_per_second:
            limits = {"bps-write": bytes_per_second}
            self.monitor.request("object-add", {"qom-type": "throttle-group", "id": "slow-" + name, "limits": limits})
            slow = {"driver": "throttle", "node-name": "slow-node-" + name, "throttle-group": "slow-" + name}
            self.monitor.request("blockdev-add", {**slow, "file": top})
            top = slow["node-name"]
        self.attached[volume.id] = top

    def pull(self, volume):
        """Detaches a volume by force: the guest is told, and cannot keep it."""
        name = device_id(volume)
        self.monitor.request("device_del", {"id": name})
        devices = lambda: self.monitor.request("qom-list", {"path": "/machine/peripheral"})
        is_gone = lambda: name not in [device["name"] for device in devices()]
        self.wait_until(f"{volume.id} to be unplugged", is_gone, pause=0.2)


def device_id(volume):
    return volume.id.replace("-", "")


def new_volume_id():
    return "vol-0" + secrets.token_hex(8)


def new_instance_id():
    return "i-0" + secrets.token_hex(8)
