"""One run of a command, on one or several volumes at the same time."""

import random
import time
from typing import NamedTuple

from stopwatch import Stopwatch

LOOP_INTERVAL = 10  # s, between the looks of the userdata loop
ARRIVAL_WINDOW = (0.5, 2.5)  # s after the start of a command that does not poll every 10 s


class Run(NamedTuple):
    timings: list
    io: list | None  # reads, writes, bytes read, bytes written

    @property
    def ms(self):
        return (max(timing.end for timing in self.timings) - min(timing.start for timing in self.timings)) / 1e6


def run_present(workspace, contestant, volumes, profile=False):
    """Runs on volumes that are attached."""
    before = count_io(workspace, volumes)
    with Stopwatch(workspace, commands(contestant, volumes), profile) as stopwatch:
        stopwatch.go()
        timings = stopwatch.finish()
    io = [after - start for after, start in zip(count_io(workspace, volumes), before, strict=True)]
    for volume in volumes if contestant.mounts else []:
        volume.expect_mounted()
    return Run(timings, io)


def run_arriving(workspace, contestant, volumes, profile=False):
    """Attaches each volume at a random moment while its command waits; the times count from there."""
    arrivals = []
    with Stopwatch(workspace, commands(contestant, volumes), profile) as stopwatch:
        if contestant.waits:
            stopwatch.go()
        start = time.monotonic()
        for volume, moment in zip(volumes, arrival_moments(contestant, len(volumes)), strict=True):
            time.sleep(max(0, start + moment - time.monotonic()))
            arrivals.append(time.monotonic_ns())
            volume.attach()
        if not contestant.waits:
            stopwatch.go()
        timings = stopwatch.finish()
    for volume in volumes:
        volume.expect_mounted()
    timings = [timing._replace(start=arrival) for timing, arrival in zip(timings, arrivals, strict=True)]
    # Those that sleep end seconds apart; by then the kernel has written inode tables on the first ones.
    return Run(timings, None if contestant.sleeps else count_io(workspace, volumes))


def commands(contestant, volumes):
    places = [(volume.node, str(volume.mount_point)) for volume in volumes]
    return [contestant.together(places)] if contestant.together else [contestant.command(*place) for place in places]


def arrival_moments(contestant, count):
    """Seconds after the start. Those of a loop are spread over its interval, so that few samples show its median."""
    if not contestant.waits:
        return [0] * count
    if contestant.sleeps:
        return [0.1 + (index + random.random()) / count * LOOP_INTERVAL for index in range(count)]
    return sorted(random.uniform(*ARRIVAL_WINDOW) for _ in range(count))


def count_io(workspace, volumes):
    """The sum over all volumes: counted at the slow disk itself, if they are slow."""
    if volumes[0].slow:
        return [int(count) for count in (workspace.slow / "counts").read_text().split()]
    return [sum(counts) for counts in zip(*(volume.statistics() for volume in volumes), strict=True)]
