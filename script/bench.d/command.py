"""The command line of script/bench."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

import agent
import goals
import readme
import report
from comparison import Bench
from contestants import Contestants
from effort import FULL, QUICK
from errors import BenchError
from signals import unwind_on_signals
from situations import SITUATIONS
from tools import missing_tools
from workspace import Workspace

REPOSITORY = Path(__file__).resolve().parents[2]
PRIVATE_MOUNTS = "AUTOHEAL_BENCH_PRIVATE_MOUNTS"

DESCRIPTION = """\
Measures autoheal-agent against the other ways to get a volume mounted, side by side on the same devices: the old
userdata loop, the shell line `blkid -p || mkfs.ext4; mount`, systemd-makefs, and the floor that nobody can undercut
(reading what proves a device blank, mkfs and mount(2), nothing else). Prints the tables and whether each goal of the
project is met; exits 1 if one is missed or a command failed."""

EPILOG = """\
situations:
  attach      a device that appears at a random moment -> mounted (blank, and with a file system)
  blank       a blank device that is present -> formatted and mounted
  survey      the same of 1 and 16 TiB with the limits of EBS, once (not with --quick)
  existing    a device with ext4 that is present -> mounted
  nothing     mounted already; against `--version`
  volumes     4 and 16 volumes at the same time, one process for each, and one for all
  first-hour  what is written to a blank volume until the kernel has initialized all of it

examples:
  script/bench --quick                    a few minutes: does it work, is anything far off?
  script/bench --readme                   the real thing, on an idle machine; writes docs/benchmark.md, and the
                                          README's table
  script/bench --only blank --only nothing --agent ./autoheal-agent -n 5

Needs root: it makes loop devices of its own, from sparse files in a tmpfs of its own, in a mount namespace of its
own, and removes them when it ends, also by an error or Ctrl-C. It wants 8 GiB of free memory (--quick: 3 GiB)."""


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="script/bench",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="few repetitions, no device above 16 GiB")
    parser.add_argument(
        "--only",
        action="append",
        choices=list(SITUATIONS),
        metavar="SITUATION",
        help="measure only this situation; can be given more than once",
    )
    parser.add_argument(
        "-n",
        "--repetitions",
        type=int,
        metavar="REPS",
        help=f"timed runs of each command (default {FULL.repetitions}, --quick {QUICK.repetitions})",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--agent",
        type=Path,
        metavar="PATH",
        help="measure this program (default: build the release binary of this repository)",
    )
    which.add_argument("--without-agent", action="store_true", help="measure only the other commands")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write the report to FILE (default: docs/benchmark.md if all is measured, else no file)",
    )
    parser.add_argument(
        "--readme", action="store_true", help="make the README's table from this run, if all is measured"
    )
    options = parser.parse_args()
    options.whole = not (options.quick or options.only or options.without_agent)
    if options.readme and not options.whole:
        parser.error("--readme needs all to be measured")
    if options.repetitions is not None and options.repetitions < 1:
        parser.error("-n needs at least 1")
    return options


def enter_private_mounts():
    """Starts this program again where no other process sees, or keeps busy, what it mounts."""
    if os.environ.get(PRIVATE_MOUNTS) != "yes":
        os.environ[PRIVATE_MOUNTS] = "yes"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])


def measure(options, effort, binary):
    with Workspace(effort.memory_gib, binary) as workspace:
        bench = Bench(workspace, Contestants(workspace.tools, workspace.configuration), effort)
        for name in options.only or SITUATIONS:
            SITUATIONS[name](bench)
        size = agent.inspect(workspace.tools.agent) if binary else None
        return bench.results, goals.judge(bench.results, size)


def main():
    options = parse_arguments()
    effort = QUICK if options.quick else FULL
    if options.repetitions:
        effort = replace(effort, repetitions=options.repetitions)
    output = options.output
    if options.whole and not (output or options.agent):
        output = REPOSITORY / "docs" / "benchmark.md"
    try:
        load = os.getloadavg()[0]
        missing_tools()
        if os.geteuid() != 0:
            raise BenchError("Loop devices and mounts need root: run it with sudo.")
        enter_private_mounts()
        unwind_on_signals()
        binary = None if options.without_agent else options.agent or agent.build(REPOSITORY)
        results, verdicts = measure(options, effort, binary)
    except BenchError as error:
        print(f"script/bench: {error}", file=sys.stderr)
        return 1
    text = report.render(REPOSITORY, effort, load, results, verdicts)
    print(text)
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text)
    if options.readme:
        readme.update(REPOSITORY / "README.md", results)
    return 1 if results.failed() or any(verdict.met is False for verdict in verdicts) else 0
