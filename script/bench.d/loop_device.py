"""One loop device of our own; its node appears when it is attached, with the kernel events of a real arrival."""

import fcntl
import itertools
import os
import random
import struct
import time
from pathlib import Path

from errors import BenchError
from signals import held_signals

# linux/loop.h
LOOP_CTL_ADD, LOOP_CTL_REMOVE = 0x4C80, 0x4C81
LOOP_CONFIGURE, LOOP_CLR_FD = 0x4C0A, 0x4C01
LO_FLAGS_DIRECT_IO = 16

# An EBS volume takes I/O of up to 256 KiB, has no volatile cache and does not know discard.
EBS_LIKE_QUEUE = {"max_sectors_kb": "256", "write_cache": "write through", "discard_max_bytes": "0"}

# A new number for each device: the kernel may still be busy with the last one when its removal returns.
numbers = itertools.count(random.randrange(20_000, 50_000))


def configuration(backing_file, flags):
    """struct loop_config with a struct loop_info64 that is zero but for its flags."""
    info = struct.pack("<5Q4I", 0, 0, 0, 0, 0, 0, 0, 0, flags) + bytes(64 + 64 + 32 + 16)
    return struct.pack("<2I", backing_file, 0) + info + bytes(64)


class LoopDevice:
    """Choose a free number first, attach later: a waiting command must know the node's name before it exists."""

    def __init__(self, image, slow):
        self._image = image
        self._slow = slow
        self._added = self._bound = False
        self.number = next(number for number in numbers if not Path(f"/sys/block/loop{number}").exists())
        self.node = f"/dev/loop{self.number}"

    def attach(self):
        control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
        backing = os.open(self._image, os.O_RDWR | os.O_CLOEXEC | (os.O_DIRECT if self._slow else 0))
        try:
            with held_signals():
                self._add_and_bind(control, backing)
        finally:
            os.close(backing)
            os.close(control)
        if self._slow:
            self._behave_like_ebs()

    def _add_and_bind(self, control, backing):
        """Notes each step that succeeded: what is not ours must never be detached."""
        fcntl.ioctl(control, LOOP_CTL_ADD, self.number)
        self._added = True
        node = os.open(self.node, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.ioctl(node, LOOP_CONFIGURE, configuration(backing, LO_FLAGS_DIRECT_IO if self._slow else 0))
            self._bound = True
        finally:
            os.close(node)

    def _behave_like_ebs(self):
        directory = Path(f"/sys/block/loop{self.number}")
        if (directory / "loop/dio").read_text().strip() != "1":
            raise BenchError(f"{self.node} does no direct I/O, so its I/O cannot be timed.")
        for setting, value in EBS_LIKE_QUEUE.items():
            (directory / "queue" / setting).write_text(value)

    def detach(self, seconds=10):
        if self._bound:
            node = os.open(self.node, os.O_RDWR | os.O_CLOEXEC)
            fcntl.ioctl(node, LOOP_CLR_FD)
            os.close(node)
            self._bound = False
        if self._added:
            self._remove(seconds)
            self._added = False

    def _remove(self, seconds):
        """Removes the node as soon as the last opener, the kernel among them, has let go of it."""
        control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
        deadline = time.monotonic() + seconds
        try:
            while True:
                try:
                    fcntl.ioctl(control, LOOP_CTL_REMOVE, self.number)
                    return
                except OSError as error:
                    if time.monotonic() > deadline:
                        raise BenchError(f"{self.node} was left behind: {error}.") from error
                    time.sleep(0.005)
        finally:
            os.close(control)

    def statistics(self):
        """Reads, writes, bytes read, bytes written since it was attached; see block/stat.rst of the kernel."""
        fields = [int(field) for field in Path(f"/sys/block/loop{self.number}/stat").read_text().split()]
        return fields[0], fields[4], fields[2] * 512, fields[6] * 512
