"""The goals of the project, each against another command of the same run."""

from dataclasses import dataclass

from contestants import (
    AGENT,
    CHECK_FLOOR,
    FLOOR,
    LOOP,
    MKFS_ALONE,
    MOUNT,
    MOUNT_CALL,
    SHELL_CHECK,
    TOGETHER,
    UNCHECKED,
    VERSION,
)
from effort import LARGE, MEDIUM, SMALL
from figures import brief

READ_ENOUGH = 0.95  # of the bytes that the floor reads: who reads less proves less, and may not be called as fast


@dataclass(frozen=True)
class Verdict:
    subject: str
    goal: str
    measured: str
    met: bool | None  # None: not measured
    miss: str = ""

    @property
    def text(self):
        return {True: "met", False: f"missed by {self.miss}", None: "not measured"}[self.met]


def judge(results, binary):
    """All goals that the measured situations, and the binary if any, speak of."""
    verdicts = []
    for situation, floor in (("attach blank", FLOOR), ("attach existing", MOUNT_CALL)):
        for table in results.of(situation):
            verdicts += [above(table, floor, 30), times_faster(table, LOOP, 100)]
    for table in results.of("blank"):
        if table.disk == SMALL:
            verdicts.append(above(table, FLOOR, 20))
        elif table.disk.slow or table.disk in (MEDIUM, LARGE):
            verdicts.append(ratio(table, FLOOR, 1.1))
    for table in results.of("existing"):
        if table.disk.slow:
            verdicts += [ratio(table, SHELL_CHECK, 1), ratio(table, MOUNT, 1, UNCHECKED)]
        else:
            verdicts.append(above(table, CHECK_FLOOR, 5))
    verdicts += [ratio(table, VERSION, 2) for table in results.of("nothing") if not table.disk.slow]
    together = results.of("volumes blank")
    most = max((table.volumes for table in together), default=0)
    verdicts += [ratio(table, FLOOR, 1.3, TOGETHER) for table in together if table.volumes == most]
    if results.first_hour:
        verdicts.append(written_in_all(results.first_hour, 1.1))
    if binary:
        verdicts += [peak(results), size(binary), glibc(binary)]
    return verdicts


def subject(table, contestant=AGENT):
    if contestant == TOGETHER:
        return f"{table.volumes} blank volumes in one process -> mounted, {table.disk.title}"
    flags = f",{contestant.removeprefix(AGENT)}" if contestant != AGENT else ""
    text = f"{table.situation} -> mounted, {table.disk.title}{flags}"
    return text.replace("nothing -> mounted", "nothing to do")


def verdict(table, reference, goal, contestant, judged):
    """`judged` of the two medians gives what was measured, whether that meets the goal, and by how much it misses."""
    title = subject(table, contestant)
    failure = next((row.failure for row in table.rows if row.contestant == contestant and row.failure), None)
    if failure:
        return Verdict(title, goal, "", False, f"a failure: {failure}")
    row, other = table.row(contestant), table.row(reference)
    if not row or not other:
        return Verdict(title, goal, "", None)
    if reference == FLOOR and row.knows("bytes_read") and other.knows("bytes_read"):
        read, wanted = (each.median("bytes_read") / 2**20 for each in (row, other))
        if read < READ_ENOUGH * wanted:
            measured = judged(row.median(), other.median())[0]
            return Verdict(title, goal, measured, False, f"{wanted - read:.0f} MiB of {wanted:.0f} that were not read")
    return Verdict(title, goal, *judged(row.median(), other.median()))


def above(table, reference, allowed, contestant=AGENT):
    def judged(ours, other):
        extra = ours - other
        return f"{extra:+.1f} ms", extra <= allowed, f"{extra - allowed:.1f} ms"

    return verdict(table, reference, f"<= {named(reference)} + {allowed} ms", contestant, judged)


def ratio(table, reference, allowed, contestant=AGENT):
    def judged(ours, other):
        return f"{ours / other:.2f} x", ours <= allowed * other, f"{ours - allowed * other:.1f} ms"

    goal = f"<= {allowed} x {named(reference)}" if allowed > 1 else f"at most {named(reference)}"
    return verdict(table, reference, goal, contestant, judged)


def named(reference):
    """The floors are several."""
    return f"({reference.removeprefix('floor: ')})" if reference.startswith("floor: ") else brief(reference)


def written_in_all(hour, allowed):
    """What was not seen to its end is missed, as what was too much."""
    title, goal = f"bytes written in the first hour, {hour.disk.title}", f"<= {allowed} x {MKFS_ALONE}"
    failure = next((row.failure for row in hour.rows if row.contestant == AGENT and row.failure), None)
    if failure:
        return Verdict(title, goal, "", False, f"a failure: {failure}")
    row, other = hour.row(AGENT), hour.row(MKFS_ALONE)
    if not row or not other:
        return Verdict(title, goal, "", None)
    times, extra = row.in_all / other.in_all, (row.in_all - allowed * other.in_all) / 2**20
    if extra <= 0 and not (row.still and row.initialized):
        return Verdict(title, goal, f"{times:.2f} x", False, "the time limit: the kernel was not done")
    return Verdict(title, goal, f"{times:.2f} x", extra <= 0, f"{extra:.1f} MiB")


def times_faster(table, reference, wanted):
    def judged(ours, other):
        return f"{other / ours:.0f} times", ours * wanted <= other, f"{wanted - other / ours:.0f} times"

    return verdict(table, reference, f"{wanted} times faster than the {reference}", AGENT, judged)


def peak(results):
    peaks = [
        row.own_peak_kib
        for table in results.tables
        for row in table.rows
        if row.contestant in (AGENT, UNCHECKED) and row.own_peak_kib
    ]
    if not peaks:
        return Verdict("peak memory, one volume", "<= 20 MiB", "", None)
    mib = max(peaks) / 1024
    return Verdict("peak memory, one volume", "<= 20 MiB", f"{mib:.1f} MiB", mib <= 20, f"{mib - 20:.1f} MiB")


def size(binary):
    megabytes = binary.size / 1e6
    return Verdict("stripped binary", "<= 22 MB", f"{megabytes:.1f} MB", megabytes <= 22, f"{megabytes - 22:.1f} MB")


def glibc(binary):
    newest = binary.glibc
    if not newest:
        return Verdict("newest glibc needed", "<= 2.34", "", None)
    met = [int(part) for part in newest.split(".")] <= [2, 34]
    return Verdict("newest glibc needed", "<= 2.34", newest, met, f"{newest} instead of 2.34")
