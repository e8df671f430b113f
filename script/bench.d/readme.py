"""The table of the README's section on speed, made from a whole run."""

import re

from contestants import AGENT, CHECK_FLOOR, FLOOR, LOOP, MKFS_ALONE, MOUNT_CALL, SHELL, SHELL_CHECK, TOGETHER, VERSION
from effort import MEDIUM, SLOW, SLOW_LARGE, SLOW_LARGEST
from errors import BenchError

# Title, situation, device, the agent's row, that of the floor, that of another way and its name.
LINES = (
    ("blank 16 GiB volume appears -> mounted", "attach blank", MEDIUM, AGENT, FLOOR, LOOP, "the loop"),
    ("volume with ext4 appears -> mounted", "attach existing", MEDIUM, AGENT, MOUNT_CALL, LOOP, "the loop"),
    ("blank 16 GiB, limits of gp3 -> mounted", "blank", SLOW, AGENT, FLOOR, SHELL, "shell"),
    ("blank 1 TiB, limits of gp3 -> mounted", "survey", SLOW_LARGE, AGENT, FLOOR, None, ""),
    ("blank 16 TiB, limits of gp3 -> mounted", "survey", SLOW_LARGEST, AGENT, FLOOR, None, ""),
    ("16 blank volumes, limits of gp3, one process", "volumes blank", SLOW, TOGETHER, FLOOR, None, ""),
    ("ext4 16 GiB, limits of gp3 -> mounted", "existing", SLOW, AGENT, CHECK_FLOOR, SHELL_CHECK, "shell, e2fsck"),
    ("nothing to do", "nothing", MEDIUM, AGENT, VERSION, None, ""),
)
TABLE = re.compile(r"(^## How fast it is\n.*?)^\|.*?\n(?!\|)", re.MULTILINE | re.DOTALL)


def table(results):
    lines = ["| | agent | floor | another way |", "|---|---|---|---|"]
    for title, situation, disk, ours, floor, other, name in LINES:
        last = [each for each in results.of(situation) if each.disk == disk][-1]
        cells = [milliseconds(last.row(contestant)) for contestant in (ours, floor)]
        lines.append(f"| {title} | {' | '.join(cells)} | {other_way(last.row(other), name)} |")
    written = [
        row and f"{row.in_all / 2**20:,.0f} MiB".replace(",", " ")
        for row in map(results.first_hour.row, (AGENT, MKFS_ALONE, SHELL))
    ]
    title = f"written in the first hour, blank {results.first_hour.disk.title}"
    return "\n".join([*lines, f"| {title} | {written[0]} | mkfs: {written[1]} | shell: {written[2]} |"]) + "\n"


def milliseconds(row):
    return f"{row.median():,.0f} ms".replace(",", " ") if row else "failed"


def other_way(row, name):
    return f"{name}: {milliseconds(row)}{', and the data is gone' if row.lost_data else ''}" if row else ""


def update(readme, results):
    """Replaces the first table of the section, and nothing else."""
    text, count = TABLE.subn(lambda found: found[1] + table(results), readme.read_text(), count=1)
    if count == 0:
        raise BenchError(f"{readme.name} has no table below 'How fast it is'.")
    readme.write_text(text)
