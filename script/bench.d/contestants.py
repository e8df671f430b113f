"""The commands that are compared."""

from collections.abc import Callable
from dataclasses import dataclass

# What the agent gives mkfs on a blank device.
MKFS = ["mkfs.ext4", "-q", "-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1"]

# The user data of 2018, written from its description.
USERDATA_LOOP = """
for _ in 1 2 3 4 5 6; do
  [ -b "$1" ] && break
  sleep 10
done
[ -n "$(lsblk -no FSTYPE "$1")" ] || mkfs.ext4 "$1"
sleep 5
mount "$1" "$2"
"""
SHELL_LINE = 'blkid -p "$1" || mkfs.ext4 -q "$1"; mount "$1" "$2"'
SHELL_LINE_LAZY = f'blkid -p "$1" || {" ".join(MKFS)} "$1"; mount "$1" "$2"'
MAKEFS_LINE = '/lib/systemd/systemd-makefs ext4 "$1" && mount "$1" "$2"'


AGENT, VERSION = "autoheal-agent", "autoheal-agent --version"
FLOOR, MOUNT_CALL, MOUNT = "floor: mkfs, mount(2)", "floor: mount(2)", "mount DEV DIR"
LOOP, SHELL = "userdata loop", "shell: blkid, mkfs, mount"


@dataclass(frozen=True)
class Contestant:
    name: str
    command: Callable[[str, str], list[str]]  # of a node and a mount point
    waits: bool = False  # for the device to appear
    sleeps: bool = False  # for seconds: its repetitions run at the same time


def shell(name, script, **kind):
    return Contestant(name, lambda node, directory: ["sh", "-c", script, "sh", node, directory], **kind)


class Contestants:
    def __init__(self, tools):
        self.userdata_loop = shell(LOOP, USERDATA_LOOP, waits=True, sleeps=True)
        self.shell_line = shell(SHELL, SHELL_LINE)
        self.shell_line_lazy = shell("shell, agent's mkfs options", SHELL_LINE_LAZY)
        self.makefs = shell("systemd-makefs, mount", MAKEFS_LINE)
        self.floor = Contestant(FLOOR, lambda node, directory: [tools.floor, node, directory, *MKFS])
        self.mount_call = Contestant(MOUNT_CALL, lambda node, directory: [tools.floor, node, directory])
        self.mount = Contestant(MOUNT, lambda node, directory: ["mount", node, directory])
        self.mountpoint = Contestant("mountpoint -q", lambda _, directory: ["mountpoint", "-q", directory])
        self.version = Contestant(VERSION, lambda *_: [tools.agent, "--version"])
        self.agent = Contestant(
            AGENT, lambda node, directory: agent_command(tools.agent, node, directory), waits=True)
        self.agent_unchecked = Contestant(
            "autoheal-agent --no-check",
            lambda node, directory: [*agent_command(tools.agent, node, directory), "--no-check"])
        self.agents = [self.agent] if tools.agent else []


def agent_command(program, node, mount_point):
    return [program, "mount", "--device", node, "--mount-point", mount_point, "--tries", "6", "--interval", "10"]
