"""The report: Markdown whose tables are aligned, so that it reads well on a terminal too."""

import datetime
import os
import platform
import subprocess
from pathlib import Path

from contestants import MKFS
from figures import brief

HEADINGS = {
    "attach blank": "A blank device appears at a random moment -> formatted and mounted",
    "attach existing": "A device with ext4 appears at a random moment -> mounted",
    "blank": "Blank device present -> formatted and mounted",
    "existing": "Device with ext4 present -> mounted",
    "nothing": "Nothing to do: mounted already",
    "volumes blank": "Several blank volumes at the same time, one process each -> all mounted",
    "volumes existing": "Several volumes with ext4 at the same time, one process each -> all mounted",
}
METHOD = f"""\
## How it is measured

- The floor, which nobody can undercut: `{" ".join(MKFS)}`
  if the device is blank, and mount(2); nothing is looked at. shell: `blkid -p DEV || mkfs.ext4 DEV; mount DEV DIR`.
  userdata loop: 6 looks for the node 10 s apart, `lsblk -no FSTYPE`, default mkfs.ext4 if that prints nothing, 5 s
  pause, mount. lsblk asks udev's database, which is empty until udev has processed the device, or where no udev runs:
  then it formats a device that holds data, which is noted.
- A time counts from the start of the command, or from the arrival of its device, to its exit with status 0. Then it is
  verified that this very device is mounted, and that a file made before is still there. The commands run in turns; the
  first turn is not timed. Medians, and the 10th and 90th percentile.
- Each run has a new loop device, of which nothing is in the page cache, and if it is blank a new sparse file in a
  tmpfs. The programs themselves are in the page cache. The metadata service is disabled.
- EBS-like: each read and write, of at most 256 KiB, takes 0.7 ms, any number of them at the same time; no discard, no
  write cache. It is a FUSE file under a loop device with direct I/O, and counts its I/O itself; that of the others is
  counted by the kernel.
- A device that arrives is a loop device which the kernel adds, with its uevents, while the command waits: after 0.5 to
  2.5 s, or anywhere between two looks of the userdata loop, whose runs go side by side because it mostly sleeps.
- Peak memory and page faults (minor / major) include the children that a command waited for, such as mkfs; "own peak"
  is the command's own. Reads, writes and faults of several volumes are sums.
"""


def render(repository, effort, load, results, verdicts):
    parts = ["# Benchmark", f"{machine(repository)}. Load {load:.1f} at the start; {effort.repetitions} timed runs."]
    if verdicts:
        goals = [(verdict.subject, verdict.goal, verdict.measured, verdict.text) for verdict in verdicts]
        parts += ["## Goals", align([("Situation", "Goal", "Measured", "Verdict"), *goals], figures=False)]
    situations = dict.fromkeys(table.situation for table in results.tables)
    for situation in situations:
        parts.append(f"## {HEADINGS[situation]}")
        tables = results.of(situation)
        if situation.startswith("volumes"):
            for disk in dict.fromkeys(table.disk for table in tables):
                parts += [f"### {disk.title}", side_by_side([table for table in tables if table.disk == disk])]
        else:
            for table in tables:
                parts += [f"### {table.disk.title}", align(list(detailed(table)))]
    return "\n\n".join([*parts, METHOD])


def detailed(table):
    yield ("", "ms", "p10 - p90", f"x {brief(table.reference)}", "reads", "writes", "MiB written",
           "peak MiB", "own peak", "faults")
    reference = table.row(table.reference)
    for row in table.rows:
        if row.failure:
            yield row.contestant, f"failed: {row.failure}", *[""] * 8
            continue
        name = f"{row.contestant} (lost the data)" if row.lost_data else row.contestant
        yield (name, short(row.median()), spread(row), times(row, reference), count(row, "reads"),
               count(row, "writes"), count(row, "bytes_written", 2**20), count(row, "peak_kib", 2**10),
               f"{row.own_peak_kib / 2**10:.1f}" if row.own_peak_kib else "",
               f"{count(row, 'minor')} / {count(row, 'major')}")


def side_by_side(tables):
    """One row for each command, one column for each number of volumes."""
    lines = [["", *(f"{table.volumes} volume{'s' if table.volumes > 1 else ''}, ms" for table in tables)]]
    for index, row in enumerate(tables[0].rows):
        cells = []
        for table in tables:
            each = table.rows[index]
            cells.append(f"failed: {each.failure}" if each.failure else
                         f"{short(each.median())} ({spread(each)}), x {times(each, table.row(table.reference))}")
        lines.append([row.contestant, *cells])
    return align(lines)


def count(row, figure, unit=None):
    """The median of a count, or of an amount with one decimal in a unit."""
    if not row.knows(figure):
        return ""
    return f"{row.median(figure) / unit:.1f}" if unit else f"{row.median(figure):.0f}"


def spread(row):
    return f"{short(row.percentile(0.1))} - {short(row.percentile(0.9))}"


def times(row, reference):
    return f"{row.median() / reference.median():.2f}" if reference else ""


def short(value):
    """Three significant digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def align(lines, figures=True):
    """A Markdown table; figures, in all columns but the first, stand to the right."""
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(lines[0]))]
    right = [figures and column > 0 for column in range(len(widths))]
    rule = ["-" * (width - 1) + (":" if to_right else "-") for width, to_right in zip(widths, right, strict=True)]
    rows = []
    for line in [lines[0], rule, *lines[1:]]:
        cells = zip(line, widths, right, strict=True)
        rows.append(" | ".join(cell.rjust(width) if to_right else cell.ljust(width) for cell, width, to_right in cells))
    return "\n".join(f"| {row} |" for row in rows)


def machine(repository):
    """What the figures depend on, without the machine's name."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    commit = version("git", "-C", str(repository), "rev-parse", "--short", "HEAD")
    return ", ".join([
        f"{datetime.date.today()}, commit {commit}: {len(os.sched_getaffinity(0))} cores ({processor()})",
        f"{memory:.0f} GiB of memory", system, f"Linux {platform.release()}",
        version("mount", "--version").partition(" (")[0].removeprefix("mount from "),
        version("mkfs.ext4", "-V").partition(" (")[0].replace("mke2fs", "e2fsprogs")])


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def version(*command):
    """The first line a command prints. That of a failure might name a path of this machine."""
    result = subprocess.run(command, capture_output=True, text=True)
    return (result.stdout or result.stderr).partition("\n")[0].strip() if result.returncode == 0 else "unknown"
