"""A tree booted by systemd-nspawn: a real systemd with real mounts, on the machine's kernel, without a network."""

import os
import signal
import subprocess
import time

from control_groups import ControlGroup

UNIT = "autoheal-agent.service"
TARGET = "autoheal-data.target"
DROP_IN = f"/etc/systemd/system/{UNIT}.d/test.conf"
EXAMPLES = "usr/share/doc/autoheal-agent/examples"


class MachineError(Exception):
    pass


class Machine:
    def __init__(self, tree, log):
        self.tree = tree
        self.leader = None
        self.log = log

    def __enter__(self):
        self.group = ControlGroup(f"test-package-{os.getpid()}-{os.path.basename(self.tree.path)}")
        self.group.__enter__()
        with open(self.log, "wb") as console:
            # A terminal of its own for /dev/console; its output is the console's.
            self.process = subprocess.Popen(
                self.group.entering(
                    [
                        "systemd-nspawn",
                        "--quiet",
                        "--directory",
                        self.tree.path,
                        "--register=no",
                        "--keep-unit",
                        "--private-network",
                        "--capability=all",
                        "--console=read-only",
                        "--boot",
                    ]
                ),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        try:
            self.leader = self.wait("systemd to start", self.find_leader)
            # Shut down before basic.target, systemd would not hear of it. It may power off by itself before.
            self.wait("the boot", self.has_booted)
        except MachineError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.leader and not self.has_ended():
            with open(self.log + ".journal", "w") as file:
                file.write(self.try_to("journalctl", "--boot", "--output=short-monotonic", "--no-pager").stdout)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            # Without its container, nspawn ends.
            os.kill(int(self.leader), signal.SIGKILL) if self.leader else self.process.kill()
            self.process.wait()
        self.group.__exit__()

    def find_leader(self):
        if self.process.poll() is not None:
            raise MachineError(f"systemd-nspawn cannot boot here: {self.console()[-600:]}")
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            for child in children.read().split():
                with open(f"/proc/{child}/comm") as name:
                    if name.read().strip() == "systemd":
                        return child
        return None

    def has_booted(self):
        # A systemd that powers off does not answer, and a systemctl that waits for it would keep it from ending.
        asked = self.try_to("systemctl", "is-active", "basic.target", limit=10)
        return self.has_ended() or asked.stdout.strip() == "active"

    def has_ended(self):
        return self.process.poll() is not None

    def console(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def said(self):
        """The agent's lines on the console."""
        return "\n".join(line for line in self.console().splitlines() if "autoheal-agent[" in line)

    def outcomes(self, kind):
        return self.journal("--unit", UNIT, f"AUTOHEAL_OUTCOME={kind}").splitlines()

    def journal(self, *arguments):
        """What the last boot has noted, read from the tree, so also when the machine has ended."""
        return self.tree.run(
            "journalctl", "--directory=/var/log/journal", "--boot", "--output=cat", "--quiet", *arguments
        )

    def try_to(self, *command, limit=60):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        inside = ["nsenter", "--target", self.leader, "--all", *command]
        try:
            return subprocess.run(
                inside, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, timeout=limit
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(inside, 124, "", f"no answer within {limit} s")

    def run(self, *command):
        result = self.try_to(*command)
        if result.returncode != 0:
            raise MachineError(f"{' '.join(command)} ended with {result.returncode}: {result.stderr.strip()[-600:]}")
        return result.stdout

    def state(self, unit=UNIT):
        lines = self.try_to(
            "systemctl",
            "show",
            unit,
            "--property",
            "ActiveState,SubState,Result,NRestarts,ExecMainStatus,MainPID,ConditionResult,InvocationID",
        ).stdout.splitlines()
        return {"ActiveState": "", "SubState": "", "NRestarts": "0"} | dict(line.split("=", 1) for line in lines)

    def wait(self, what, condition, limit=90):
        deadline = time.monotonic() + limit
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise MachineError(f"waited {limit} s for {what}")
            time.sleep(0.1)

    def wait_until(self, state, unit=UNIT):
        return self.wait(f"{unit} to be {state}", lambda: self.state(unit)["ActiveState"] == state and self.state(unit))

    def runs(self, name):
        """Whether a program runs in it."""
        return self.try_to("sh", "-c", 'grep -qsx "$0" /proc/[0-9]*/comm', name).returncode == 0

    def mounts(self, mount_point):
        """As PID 1 sees it."""
        with open(f"/proc/{self.leader}/mountinfo") as lines:
            return [line for line in lines if line.split()[4] == mount_point]


class Disk:
    """A loop device of the host, whose node the machine sees when the test lets it."""

    def __init__(self, directory, size):
        os.makedirs(directory, exist_ok=True)
        self.image = os.path.join(directory, "volume.img")
        with open(self.image, "wb") as file:
            file.truncate(size)
        self.node = subprocess.run(
            ["losetup", "--find", "--show", self.image], check=True, capture_output=True, text=True
        ).stdout.strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["losetup", "--detach", self.node])

    def attach(self, machine):
        minor = os.minor(os.stat(self.node).st_rdev)
        machine.run("mknod", self.node, "b", "7", str(minor))

    def detach(self, machine):
        machine.run("rm", "-f", self.node)

    def erase(self):
        subprocess.run(["blkdiscard", "--force", "--zeroout", self.node], check=True, capture_output=True)

    def has_filesystem(self):
        return subprocess.run(["e2fsck", "-f", "-n", self.node], capture_output=True).returncode == 0

    def is_blank(self):
        with open(self.node, "rb") as device:
            return not any(any(part) for part in iter(lambda: device.read(1 << 20), b""))

    def is_there(self, tree, unit):
        """From the next boot on, before the unit looks."""
        minor = os.minor(os.stat(self.node).st_rdev)
        tree.write(
            "/etc/systemd/system/attach.service",
            # Not before the journal is where it stays: a machine that is about to power off may end sooner.
            f"[Unit]\nDefaultDependencies=no\nAfter=systemd-journal-flush.service\nBefore={unit}\n[Service]\nType=oneshot\n"
            f"ExecStart=/usr/bin/mknod {self.node} b 7 {minor}\n[Install]\nWantedBy=multi-user.target\n",
        )
        tree.run("systemctl", "enable", "attach.service")
