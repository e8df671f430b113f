"""What is written to a new volume while it is mounted and nobody uses it."""

import re
import subprocess
import time

STILL = 8  # s without a write; the kernel starts to write inode tables at most 5 s after the mount
TIME_LIMIT = 180


def until_still(volume, row, mounted):
    """Waits until nothing more is written, or the time is up, and notes which. The kernel is told not to pause between
    the inode tables of two groups, as it does for the sake of others: it writes the same, but not for an hour."""
    start = last = time.monotonic()
    row.at_exit = row.in_all = volume.bytes_written()
    if mounted:
        subprocess.run(["mount", "-o", "remount,init_itable=0", volume.mount_point], check=True)
    while not row.still and time.monotonic() < start + TIME_LIMIT:
        time.sleep(0.5)
        if mounted:
            subprocess.run(["sync", "--file-system", volume.mount_point], check=True)
        written, now = volume.bytes_written(), time.monotonic()
        if written != row.in_all:
            row.in_all, last = written, now
        row.still = now - last >= STILL
    row.seconds = last - start
    row.initialized = all_initialized(volume.node)


def all_initialized(node):
    """Whether each group's flags, in dumpe2fs(8), say that its inode table is zeroed."""
    dump = subprocess.run(["dumpe2fs", node], capture_output=True, text=True, check=True).stdout
    groups = re.findall(r"^Group \d+:.*$", dump, re.MULTILINE)
    return bool(groups) and all("ITABLE_ZEROED" in group for group in groups)
