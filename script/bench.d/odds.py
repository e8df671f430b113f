"""What the seconds of reading a blank device buy: how likely data on it would be missed."""

import math

from contestants import AGENT, FLOOR
from effort import GIB

KIB, MIB = 1 << 10, 1 << 20

# As in survey.c.
SAMPLE, PART, FEWEST_PARTS, MOST_PARTS = 16 * KIB, 32 * MIB, 4096, 131_072
PIECE = 64 * KIB

TEXT = """\
Only a device that holds nothing may be formatted, and that it has no superblock does not show that: a raw database has
none, nor has a file system that lost its first MiB. So both ends are read whole, where nothing that is not zero is
missed, and between them 16 KiB at a random place of each of many equal parts. For data in pieces of 64 KiB that lie
anywhere between the ends, this is how likely it is that not one of them is met; data in longer runs is met more easily
the longer the runs are, and a run as long as two parts is always met. It is paid once in the life of a volume: where a
file system is found, none of this is read."""


def chance(data, size):
    """Of missing so many bytes in pieces on a device: each is met if the sample of its part reaches into it."""
    parts = min(max(size // PART, FEWEST_PARTS), MOST_PARTS)
    met = data / PIECE * (PIECE + SAMPLE) / (size / parts)
    return f"{100 * math.exp(-met):.0f} %" if met < 5 else f"e^-{met:.0f}"


def prices(results):
    """The lines of a table: for each size that was measured what the floor and the agent read, and for how long."""
    yield "", "floor read MiB", "in ms", "agent read MiB", "in ms", "100 MiB missed", "1 GiB missed"
    for table in [*results.of("blank"), *results.of("survey")]:
        size = table.disk.size
        cells = [cell for name in (FLOOR, AGENT) for cell in reading(table.row(name))]
        yield table.disk.title, *cells, chance(100 * MIB, size), chance(GIB, size) if size > GIB else ""


def reading(row):
    return (f"{row.median('bytes_read') / MIB:.0f}", f"{row.median():.0f}") if row else ("", "")
