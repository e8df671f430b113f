"""The report: Markdown whose tables are aligned, so that it reads well on a terminal too."""

import datetime
import os
import platform
import subprocess
from pathlib import Path

from contestants import MKFS, MKFS_ALONE, TOGETHER
from effort import LARGE, LARGEST, MOST_REPETITIONS_OF_SEVERAL
from figures import brief
from goals import READ_ENOUGH
from odds import TEXT, prices

HEADINGS = {
    "attach blank": "A blank device appears at a random moment -> formatted and mounted",
    "attach existing": "A device with ext4 appears at a random moment -> mounted",
    "blank": "Blank device present -> formatted and mounted",
    "survey": "Large blank device present, with the limits of EBS -> formatted and mounted",
    "existing": "Device with ext4 present -> mounted",
    "nothing": "Nothing to do: mounted already",
    "volumes blank": "Several blank volumes at the same time -> all mounted",
    "volumes existing": "Several volumes with ext4 at the same time, one process each -> all mounted",
}
METHOD = f"""\
## How it is measured

- The floor, which nobody can undercut. Of a blank device it reads what has to be read before it may be called blank, 32
  reads side by side, and looks at none of it: the first 65 MiB, the last 16 MiB, all of a device of up to 256 MiB, the
  places of copies of superblocks, and 16 KiB at a random place of each of 4096 equal parts, or one for every 32 MiB, at
  most 131 072. Then `{" ".join(MKFS)}`,
  with a UUID and a hash seed, and mount(2). "bare" is the same without reading. With ext4 it is mount(2); the one with
  "--version, e2fsck" starts the agent for nothing and runs `e2fsck -p` before that. Who reads less than
  {round(100 * READ_ENOUGH)} % of the floor's bytes misses each goal that is set by it, however fast.
- shell: `blkid -p DEV || mkfs.ext4 DEV; mount DEV DIR`; "shell with e2fsck -p" runs that before the mount. userdata
  loop: 6 looks for the node 10 s apart, `lsblk -no FSTYPE`, default mkfs.ext4 if that prints nothing, 5 s pause, mount.
  lsblk asks udev's database, which is empty until udev has processed the device, or where no udev runs: then it formats
  a device that holds data, which is noted.
- A time counts from the start of the command, or from the arrival of its device, to its exit with status 0. Then it is
  verified that this very device is mounted, and that a file made before is still there. The commands run in turns; the
  first turn is not timed. Medians, and the 10th and 90th percentile. At most {LARGE.most_repetitions} runs of 1 TiB,
  {LARGEST.most_repetitions} of 16 TiB, {MOST_REPETITIONS_OF_SEVERAL} of several volumes, and one, with no turn
  before it, of 1 and 16 TiB with the limits of EBS.
- Each run has a new loop device, of which nothing is in the page cache, and if it is blank a new sparse file in a
  tmpfs. The programs themselves are in the page cache. The metadata service is disabled.
- EBS-like: each read and write, of at most 256 KiB, takes 0.7 ms, any number of them at the same time, but 3000 in a
  second and 125 MiB in a second, the limits of a gp3 volume that nobody has paid more for. They are token buckets that
  hold a tenth of a second, and each device has its own. No discard, no write cache. It is a FUSE file under a loop
  device with direct I/O, and counts its I/O itself; that of the others is counted by the kernel.
- A device that arrives is a loop device which the kernel adds, with its uevents, while the command waits: after 0.5 to
  2.5 s, or anywhere between two looks of the userdata loop, whose runs go side by side because it mostly sleeps.
- Peak memory and page faults (minor / major) include the children that a command waited for, such as mkfs; "own peak"
  is the command's own. Reads, writes and faults of several volumes are sums.
- The first hour: the kernel counts what is written to the device, until 8 s have passed without a write. It is told not
  to pause between the inode tables of two groups (`init_itable=0`), which changes when it writes, not what.
"""


def render(repository, effort, load, results, verdicts):
    parts = ["# Benchmark", f"{machine(repository)}. Load {load:.1f} at the start; {effort.repetitions} timed runs."]
    if verdicts:
        goals = [(verdict.subject, verdict.goal, verdict.measured, verdict.text) for verdict in verdicts]
        parts += ["## Goals", align([("Situation", "Goal", "Measured", "Verdict"), *goals], figures=False)]
    if results.of("blank"):
        parts += ["## What the seconds of reading buy", TEXT, align(list(prices(results)))]
    situations = dict.fromkeys(table.situation for table in results.tables)
    for situation in situations:
        parts.append(f"## {HEADINGS[situation]}")
        tables = results.of(situation)
        if situation.startswith("volumes"):
            for disk in dict.fromkeys(table.disk for table in tables):
                same_disk = [table for table in tables if table.disk == disk]
                parts += [f"### {disk.title}", side_by_side(same_disk), *peak_together(same_disk)]
        else:
            for table in tables:
                parts += [f"### {table.disk.title}", align(list(detailed(table)))]
    if results.first_hour:
        parts += [
            "## Bytes written in the first hour",
            f"### {results.first_hour.disk.title}",
            align(list(settled(results.first_hour))),
        ]
    return "\n\n".join([*parts, METHOD])


def detailed(table):
    yield (
        "",
        "ms",
        "p10 - p90",
        f"x {brief(table.reference)}",
        "reads",
        "writes",
        "MiB read",
        "MiB written",
        "peak MiB",
        "own peak",
        "faults",
    )
    reference = table.row(table.reference)
    for row in table.rows:
        if row.failure:
            yield row.contestant, f"failed: {row.failure}", *[""] * 9
            continue
        name = f"{row.contestant} (lost the data)" if row.lost_data else row.contestant
        yield (
            name,
            short(row.median()),
            spread(row),
            times(row, reference),
            count(row, "reads"),
            count(row, "writes"),
            count(row, "bytes_read", 2**20),
            count(row, "bytes_written", 2**20),
            count(row, "peak_kib", 2**10),
            f"{row.own_peak_kib / 2**10:.1f}" if row.own_peak_kib else "",
            f"{count(row, 'minor')} / {count(row, 'major')}",
        )


def side_by_side(tables):
    """One row for each command, one column for each number of volumes."""
    lines = [["", *(f"{table.volumes} volume{'s' if table.volumes > 1 else ''}, ms" for table in tables)]]
    for index, row in enumerate(tables[0].rows):
        cells = []
        for table in tables:
            each = table.rows[index]
            cells.append(
                f"failed: {each.failure}"
                if each.failure
                else f"{short(each.median())} ({spread(each)}), x {times(each, table.row(table.reference))}"
            )
        lines.append([row.contestant, *cells])
    return align(lines)


def settled(hour):
    yield "", "MiB at its end", "MiB in all", f"x {MKFS_ALONE}", "s until still", "inode tables"
    reference = hour.row(MKFS_ALONE)
    for row in hour.rows:
        if row.failure:
            yield row.contestant, f"failed: {row.failure}", *[""] * 4
            continue
        share = f"{row.in_all / reference.in_all:.2f}" if reference else ""
        seconds = f"{row.seconds:.0f}" if row.still else f"more than {row.seconds:.0f}"
        tables = "all initialized" if row.initialized else "not all initialized"
        yield (row.contestant, f"{row.at_exit / 2**20:.1f}", f"{row.in_all / 2**20:.1f}", share, seconds, tables)


def peak_together(tables):
    peaks = [
        f"{table.row(TOGETHER).own_peak_kib / 2**10:.1f} MiB with {table.volumes}"
        for table in tables
        if table.row(TOGETHER)
    ]
    return [f"Peak memory of one process for all volumes: {', '.join(peaks)}."] if peaks else []


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
    today = datetime.datetime.now().astimezone().date()
    commit = version("git", "-C", str(repository), "rev-parse", "--short", "HEAD")
    return ", ".join(
        [
            f"{today}, commit {commit}: {len(os.sched_getaffinity(0))} cores ({processor()})",
            f"{memory:.0f} GiB of memory",
            system,
            f"Linux {platform.release()}",
            version("mount", "--version").partition(" (")[0].removeprefix("mount from "),
            version("mkfs.ext4", "-V").partition(" (")[0].replace("mke2fs", "e2fsprogs"),
        ]
    )


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def version(*command):
    """The first line a command prints. That of a failure might name a path of this machine."""
    result = subprocess.run(command, capture_output=True, text=True)
    return (result.stdout or result.stderr).partition("\n")[0].strip() if result.returncode == 0 else "unknown"
