"""The goals of the project, each against another command of the same run."""

from dataclasses import dataclass

from contestants import AGENT, FLOOR, LOOP, MOUNT, MOUNT_CALL, SHELL, VERSION
from effort import LARGE, MEDIUM, SMALL
from figures import brief


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
        if table.disk.slow:
            verdicts.append(ratio(table, FLOOR, 1.5))
        elif table.disk == LARGE:
            verdicts.append(ratio(table, FLOOR, 1.1))
        elif table.disk in (SMALL, MEDIUM):
            verdicts.append(above(table, FLOOR, 20))
    for table in results.of("existing"):
        verdicts.append(ratio(table, SHELL, 1) if table.disk.slow else above(table, MOUNT, 12))
    verdicts += [ratio(table, VERSION, 2) for table in results.of("nothing") if not table.disk.slow]
    if binary:
        verdicts += [peak(results), size(binary), glibc(binary)]
    return verdicts


def subject(table):
    return f"{table.situation} -> mounted, {table.disk.title}".replace("nothing -> mounted", "nothing to do")


def medians(table, reference):
    rows = table.row(AGENT), table.row(reference)
    return [row.median() for row in rows] if all(rows) else None


def above(table, reference, allowed):
    goal = f"<= {brief(reference)} + {allowed} ms"
    both = medians(table, reference)
    if not both:
        return Verdict(subject(table), goal, "", None)
    extra = both[0] - both[1]
    return Verdict(subject(table), goal, f"{extra:+.1f} ms", extra <= allowed, f"{extra - allowed:.1f} ms")


def ratio(table, reference, allowed):
    goal = f"<= {allowed} x {brief(reference)}" if allowed > 1 else f"faster than {brief(reference)}"
    both = medians(table, reference)
    if not both:
        return Verdict(subject(table), goal, "", None)
    times, extra = both[0] / both[1], both[0] - allowed * both[1]
    return Verdict(subject(table), goal, f"{times:.2f} x", extra <= 0, f"{extra:.1f} ms")


def times_faster(table, reference, wanted):
    goal = f"{wanted} times faster than the {reference}"
    both = medians(table, reference)
    if not both:
        return Verdict(subject(table), goal, "", None)
    times = both[1] / both[0]
    return Verdict(subject(table), goal, f"{times:.0f} times", times >= wanted, f"{wanted - times:.0f} times")


def peak(results):
    peaks = [row.own_peak_kib for table in results.tables for row in table.rows
             if row.contestant.startswith(AGENT) and row.own_peak_kib]
    if not peaks:
        return Verdict("peak memory", "<= 20 MiB", "", None)
    mib = max(peaks) / 1024
    return Verdict("peak memory", "<= 20 MiB", f"{mib:.1f} MiB", mib <= 20, f"{mib - 20:.1f} MiB")


def size(binary):
    megabytes = binary.size / 1e6
    return Verdict("stripped binary", "<= 22 MB", f"{megabytes:.1f} MB", megabytes <= 22, f"{megabytes - 22:.1f} MB")


def glibc(binary):
    newest = binary.glibc
    if not newest:
        return Verdict("newest glibc needed", "<= 2.34", "", None)
    met = [int(part) for part in newest.split(".")] <= [2, 34]
    return Verdict("newest glibc needed", "<= 2.34", newest, met, f"{newest} instead of 2.34")
