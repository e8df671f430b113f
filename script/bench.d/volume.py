"""One device with its mount point, as a command is given it."""

import os
import subprocess
from pathlib import Path

from errors import BenchError
from loop_device import LoopDevice
from workspace import unmount


class Image:
    """The sparse file behind a device."""

    serial = 0

    def __init__(self, workspace, disk):
        Image.serial += 1
        self.disk = disk
        self._file = workspace.disks / f"{Image.serial}.img"
        # Through the slow directory it is the same file, but every I/O takes its time.
        self.path = (workspace.slow if disk.slow else workspace.disks) / self._file.name
        with open(self._file, "xb") as file:
            file.truncate(disk.size)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.unlink()


class Volume:
    """A new loop device on an image: none of it is in the page cache. Leaving it unmounts and detaches."""

    def __init__(self, workspace, image):
        self._device = LoopDevice(image.path, image.disk.slow)
        self.node = self._device.node
        self.mount_point = workspace.mounts / str(self._device.number)
        self.slow = image.disk.slow
        self.attach, self.statistics = self._device.attach, self._device.statistics

    def __enter__(self):
        self.mount_point.mkdir()
        return self

    def __exit__(self, *_):
        try:
            unmount(self.mount_point)
        finally:
            self._device.detach()

    def keep(self):
        """Writes a file that must be there whenever this file system is mounted again."""
        (self.mount_point / "kept").touch()

    def has_kept(self):
        return (self.mount_point / "kept").exists()

    def stop_lazy_initialization(self):
        """Else the kernel writes inode tables while others are measured, from some seconds after mkfs on."""
        subprocess.run(["mount", "-o", "remount,noinit_itable", self.mount_point], check=True)

    def bytes_written(self):
        return self.statistics()[3]

    def expect_mounted(self):
        """Fails unless the mount on top is this very device, writable: see proc_pid_mountinfo(5)."""
        lines = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        here = [line for line in lines if line[4] == str(self.mount_point)]
        if len(here) != 1:
            raise BenchError(f"{len(here)} mounts are on the mount point afterwards")
        number = os.stat(self.node).st_rdev
        expected = f"{os.major(number)}:{os.minor(number)}"
        writable = all("rw" in options.split(",") for options in (here[0][5], here[0][-1]))  # mount and file system
        if here[0][2] != expected or not writable:
            raise BenchError("another device, or a read-only one, is on the mount point afterwards")
