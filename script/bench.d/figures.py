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
    bytes_written: float | None

    @classmethod
    def of(cls, timings, ms, io):
        reads, writes, _, written = io or [None] * 4
        return cls(ms, max(t.peak for t in timings), sum(t.minor for t in timings), sum(t.major for t in timings),
                   reads, writes, written)


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
class Results:
    tables: list = field(default_factory=list)

    def of(self, situation):
        return [table for table in self.tables if table.situation == situation]

    def failed(self):
        """Whether a command failed, or one that is not known for it lost data."""
        rows = [row for table in self.tables for row in table.rows]
        return any(row.failure or (row.lost_data and row.contestant != LOOP) for row in rows)


def brief(contestant):
    """The part of its name before the explanation."""
    return contestant.partition(":")[0]


def interleaved(contestants, turns):
    """All contestants in turns, so that noise hits all alike; each turn starts with another, and the first warms up."""
    for turn in range(turns):
        shift = turn % len(contestants)
        for contestant in contestants[shift:] + contestants[:shift]:
            yield contestant, turn == 0
