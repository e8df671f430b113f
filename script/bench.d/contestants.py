"""The commands that are compared."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

# What mkfs is given for a device that was proven blank.
MKFS = ["mkfs.ext4", "-q", "-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1,assume_storage_prezeroed=1"]

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
SHELL_LINE_CHECK = 'blkid -p "$1" || mkfs.ext4 -q "$1"; e2fsck -p "$1"; mount "$1" "$2"'
MAKEFS_LINE = '/lib/systemd/systemd-makefs ext4 "$1" && mount "$1" "$2"'


AGENT, VERSION = "autoheal-agent", "autoheal-agent --version"
UNCHECKED, TOGETHER = "autoheal-agent --no-check", "autoheal-agent, one process"
BARE, FLOOR, MOUNT_CALL = "bare: mkfs, mount(2)", "floor: read, mkfs, mount(2)", "floor: mount(2)"
CHECK_FLOOR, MOUNT, MKFS_ALONE = "floor: --version, e2fsck, mount(2)", "mount DEV DIR", "mkfs.ext4 alone"
LOOP, SHELL, SHELL_CHECK = "userdata loop", "shell: blkid, mkfs, mount", "shell with e2fsck -p"


@dataclass(frozen=True)
class Contestant:
    name: str
    command: Callable[[str, str], list[str]]  # of a node and a mount point
    waits: bool = False  # for the device to appear
    sleeps: bool = False  # for seconds: its repetitions run at the same time
    mounts: bool = True
    together: Callable[[list], list[str]] | None = None  # instead of command: one of pairs of node and mount point


def shell(name, script, **kind):
    return Contestant(name, lambda node, directory: ["sh", "-c", script, "sh", node, directory], **kind)


def floor(name, tools, commands):
    """`commands` of a node, one after the other, and mount(2)."""

    def command(node, directory):
        words = [word for each in commands(node) for word in ("+++", *each)][1:]
        return [tools.floor, node, directory, *words]

    return Contestant(name, command)


def mkfs(node):
    """With all given that makes the image always the same, but no UUID twice: all may be mounted at the same time."""
    chosen = str(uuid.uuid4())
    return [*MKFS[:-1], f"hash_seed={chosen},{MKFS[-1]}", "-U", chosen, node]


class Contestants:
    def __init__(self, tools, configuration):
        """`configuration` is a file for that of the agent."""
        self.userdata_loop = shell(LOOP, USERDATA_LOOP, waits=True, sleeps=True)
        self.shell_line = shell(SHELL, SHELL_LINE)
        self.shell_line_check = shell(SHELL_CHECK, SHELL_LINE_CHECK)
        self.shell_line_lazy = shell("shell, agent's mkfs options", SHELL_LINE_LAZY)
        self.makefs = shell("systemd-makefs, mount", MAKEFS_LINE)
        self.mkfs = Contestant(MKFS_ALONE, lambda node, _: mkfs(node), mounts=False)
        self.bare = floor(BARE, tools, lambda node: [mkfs(node)])
        self.floor = floor(FLOOR, tools, lambda node: [[tools.survey, node], mkfs(node)])
        self.check_floor = floor(CHECK_FLOOR, tools, lambda node: [[tools.agent, "--version"], ["e2fsck", "-p", node]])
        self.mount_call = floor(MOUNT_CALL, tools, lambda _: [])
        self.mount = Contestant(MOUNT, lambda node, directory: ["mount", node, directory])
        self.mountpoint = Contestant("mountpoint -q", lambda _, directory: ["mountpoint", "-q", directory])
        self.version = Contestant(VERSION, lambda *_: [tools.agent, "--version"])
        self.agent = Contestant(AGENT, lambda node, directory: agent_command(tools.agent, node, directory), waits=True)
        self.agent_unchecked = Contestant(
            UNCHECKED, lambda node, directory: [*agent_command(tools.agent, node, directory), "--no-check"]
        )
        self.agent_together = Contestant(
            TOGETHER,
            self.agent.command,
            waits=True,
            together=lambda volumes: together_command(tools.agent, configuration, volumes),
        )
        self.has_agent = tools.agent is not None
        self.agents = [self.agent] if self.has_agent else []


def agent_command(program, node, mount_point):
    return [program, "mount", "--device", node, "--mount-point", mount_point, "--tries", "6", "--interval", "10"]


def together_command(program, configuration, volumes):
    """All volumes in one process: they stand in its configuration."""
    tables = [
        f'[[volume]]\ndevice = "{node}"\nmount-point = "{mount_point}"\ntries = 6\ninterval = 10\n'
        for node, mount_point in volumes
    ]
    configuration.write_text("\n".join(tables))
    return [program, "mount", "--config", str(configuration)]
