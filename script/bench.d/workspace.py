"""The place where everything the bench makes lives, and from where it is removed."""

import contextlib
import os
import subprocess
import tempfile
import time
from pathlib import Path

from errors import BenchError
from signals import held_signals
from tools import build_tools

# Those of a gp3 volume: nobody has paid for more.
IO_DELAY_MICROSECONDS, IOS_PER_SECOND, BYTES_PER_SECOND = 700, 3000, 125 << 20


class Workspace:
    """A tmpfs with the sparse files behind the devices, the mount points, the tools and a log.

    A tmpfs takes files of 16 TiB, and as the fastest of all disks it shows what the software costs.
    """

    def __init__(self, memory_gib, agent):
        self._memory_gib = memory_gib
        self._agent = agent
        self._undo = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as undo:
            self._build(undo)
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_):
        self._undo.close()

    def _build(self, undo):
        available = available_memory()
        if available < self._memory_gib << 30:
            raise BenchError(f"{self._memory_gib} GiB of free memory are needed, {available >> 30} GiB are free.")
        with held_signals():
            root = Path(tempfile.mkdtemp(prefix="autoheal-bench-")).resolve()
            undo.callback(os.rmdir, root)
        undo.callback(unmount, root)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={available * 3 // 4}", "bench", root], check=True)
        self.disks, self.slow, self.mounts, self.run = (root / name for name in ("disks", "slow", "mounts", "run"))
        tools = root / "tools"
        for directory in (self.disks, self.slow, self.mounts, self.run, tools):
            directory.mkdir()
        self.log, self.configuration = root / "log", root / "config.toml"
        self.tools = build_tools(tools, self._agent)
        self._start_slow_disk(undo)

    def _start_slow_disk(self, undo):
        with held_signals():
            daemon = subprocess.Popen(
                [
                    self.tools.slow_disk,
                    str(IO_DELAY_MICROSECONDS),
                    str(IOS_PER_SECOND),
                    str(BYTES_PER_SECOND),
                    str(self.disks),
                    str(self.slow),
                ],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            undo.callback(stop, daemon)
        undo.callback(unmount, self.slow)
        deadline = time.monotonic() + 10
        while not os.path.ismount(self.slow):
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise BenchError("The slow disk did not start; it needs /dev/fuse.")
            time.sleep(0.01)


def available_memory():
    """Bytes, from proc_meminfo(5)."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def unmount(directory, seconds=10):
    """Unmounts, and waits for what may still hold it; does nothing if nothing is mounted there."""
    deadline = time.monotonic() + seconds
    while os.path.ismount(directory):
        result = subprocess.run(["umount", directory], capture_output=True, text=True)
        if result.returncode == 0 or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    if os.path.ismount(directory):
        raise BenchError(f"Something of the bench was left behind: {result.stderr.strip()}.")


def stop(process):
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
