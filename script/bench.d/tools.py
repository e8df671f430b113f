"""The programs the bench runs: those of the system, and four small ones in C that it builds."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from errors import BenchError

SOURCES = Path(__file__).resolve().parent
PACKAGE_OF = {
    "cc": "gcc",
    "pkg-config": "pkg-config",
    "strip": "binutils",
    "objdump": "binutils",
    "mkfs.ext4": "e2fsprogs",
    "e2fsck": "e2fsprogs",
    "dumpe2fs": "e2fsprogs",
    "blkid": "util-linux",
    "lsblk": "util-linux",
    "unshare": "util-linux",
    "mount": "mount",
    "/lib/systemd/systemd-makefs": "systemd",
}


@dataclass(frozen=True)
class Tools:
    stopwatch: str
    floor: str
    survey: str
    slow_disk: str
    agent: str | None


def missing_tools():
    """Says which packages to install, if any program or library is missing."""
    packages = {package for program, package in PACKAGE_OF.items() if not shutil.which(program)}
    if shutil.which("pkg-config") and subprocess.run(["pkg-config", "--exists", "fuse3"]).returncode != 0:
        packages.add("libfuse3-dev")
    if packages:
        raise BenchError(f"Programs are missing: apt-get install {' '.join(sorted(packages))}")


def build_tools(directory, agent):
    fuse = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], check=True, capture_output=True, text=True)
    for name, flags in (("stopwatch", []), ("floor", []), ("survey", ["-pthread"]), ("slow_disk", fuse.stdout.split())):
        source = str(SOURCES / f"{name}.c")
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-o", str(directory / name), source, *flags], check=True)
    copy = str(directory / "autoheal-agent") if agent else None
    if agent:
        strip(agent, copy)
    stopwatch, floor, survey, slow_disk = (
        str(directory / name) for name in ("stopwatch", "floor", "survey", "slow_disk")
    )
    return Tools(stopwatch, floor, survey, slow_disk, copy)


def strip(program, copy):
    """Copies what would be installed: the program without its symbols. A script is copied as it is."""
    try:
        shutil.copy(program, copy)
    except OSError as error:
        raise BenchError(f"The agent cannot be read: {error}.") from error
    if Path(copy).read_bytes().startswith(b"\x7fELF"):
        subprocess.run(["strip", copy], check=True)
