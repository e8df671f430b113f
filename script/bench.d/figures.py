"""What was measured, and the statistics of it."""

from dataclasses import dataclass, field
from statistics import median

from contestants import LOOP


@dataclass(frozen=True)
class Sample:
    """One timed run. With several volumes: the time of all, the highest peak, and the sums of the rest."""

    ms: float
    peak_kib: int
    minor: int
    major: int
    reads: float | None
    writes: float | None
    bytes_read: float | None
    bytes_written: float | None

    @classmethod
    def of(cls, timings, ms, io):
        reads, writes, read, written = io or [None] * 4
        return cls(
            ms,
            max(t.peak for t in timings),
            sum(t.minor for t in timings),
            sum(t.major for t in timings),
            reads,
            writes,
            read,
            written,
        )


@dataclass
class Row:
    contestant: str
    samples: list = field(default_factory=list)
    own_peak_kib: int | None = None
    failure: str | None = None
    lost_data: bool = False

    def median(self, figure="ms"):
        return median(getattr(sample, figure) for sample in self.samples)

    def knows(self, figure):
        return all(getattr(sample, figure) is not None for sample in self.samples)

    def percentile(self, share):
        """Of the times, interpolated between the two nearest."""
        times = sorted(sample.ms for sample in self.samples)
        position = share * (len(times) - 1)
        low = int(position)
        return times[low] + (position - low) * (times[min(low + 1, len(times) - 1)] - times[low])


@dataclass
class Table:
    situation: str
    disk: object
    reference: str  # the contestant that the others are compared with
    volumes: int = 1
    rows: list = field(default_factory=list)

    def row(self, contestant):
        """The row of a contestant, if it was measured."""
        return next((row for row in self.rows if row.contestant == contestant and row.samples), None)


@dataclass
class Settled:
    """What was written to a device until no more was written."""

    contestant: str
    at_exit: float | None = None  # bytes
    in_all: float | None = None
    seconds: float | None = None
    still: bool = False  # False: the time was up
    initialized: bool = False  # whether the file system says of all its inode tables that they are
    failure: str | None = None


@dataclass
class FirstHour:
    disk: object
    rows: list = field(default_factory=list)

    def row(self, contestant):
        return next((row for row in self.rows if row.contestant == contestant and not row.failure), None)


@dataclass
class Results:
    tables: list = field(default_factory=list)
    first_hour: FirstHour | None = None

    def of(self, situation):
        return [table for table in self.tables if table.situation == situation]

    def failed(self):
        """Whether a command failed, or one that is not known for it lost data."""
        rows = [row for table in self.tables for row in table.rows]
        rows_of_the_hour = self.first_hour.rows if self.first_hour else []
        return any(row.failure or (row.lost_data and row.contestant != LOOP) for row in rows) or any(
            row.failure for row in rows_of_the_hour
        )


def brief(contestant):
    """The part of its name before the explanation."""
    return contestant.partition(":")[0]


def interleaved(contestants, turns):
    """All contestants in turns, so that noise hits all alike; each turn starts with another, and the first warms up."""
    for turn in range(turns):
        shift = turn % len(contestants)
        for contestant in contestants[shift:] + contestants[:shift]:
            yield contestant, turn == 0
