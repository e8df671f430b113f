"""The command line of script/test-package: build, look at the package, install it in a tree, boot that tree.

That is done with the systemd of each supported Debian, side by side. Everything happens in a directory of its own and
in containers without a network; needs root.
"""

import argparse
import concurrent.futures
import os
import signal
import subprocess
import sys
import tempfile
import time

import contents
import image
import installation
import trees
import units

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Report:
    """Says what holds and what does not; a test goes on after a failure."""

    def __init__(self, prefix="", start=None):
        self.prefix = prefix
        self.start = start or time.monotonic()
        self.failures = []
        self.count = 0

    def part(self, name):
        """A report of its own for what runs beside other parts."""
        return Report(f"{name}: ", self.start)

    def say(self, text):
        print(self.prefix + text, flush=True)

    def begin(self, title):
        self.say(f"== {title} ({time.monotonic() - self.start:.0f} s)")

    def check(self, claim, holds, found=""):
        self.count += 1
        if holds:
            self.say(f"  ok      {claim}")
        else:
            self.say(f"  FAILED  {claim}: {found}")
            self.failures.append(self.prefix + claim)

    def figure(self, name, value):
        self.say(f"  figure  {name}: {value}")

    def end(self, parts):
        seconds = time.monotonic() - self.start
        failures = [claim for report in (self, *parts) for claim in report.failures]
        count = self.count + sum(part.count for part in parts)
        print(f"{count} checks, {len(failures)} failed, {seconds:.0f} s")
        for claim in failures:
            print(f"  FAILED  {claim}")
        return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description="Builds the package and proves it: contents, installation, units.")
    parser.add_argument("--deb", metavar="FILE", help="the package to test instead of building one")
    parser.add_argument("--no-boot", action="store_true", help="leave out what needs systemd-nspawn")
    parser.add_argument("--suite", choices=image.RELEASES, action="append", help="only this Debian; may be repeated")
    parser.add_argument(
        "--stage", action="append", metavar="NAME", help="only this stage of the units; may be repeated"
    )
    parser.add_argument("--logs", metavar="DIRECTORY", help="where to leave logs (default: .build/test-package)")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("test-package: needs root, for chroot, loop devices and systemd-nspawn.")

    # So that devices and containers are given back then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("test-package: was asked to stop"))
    report = Report()
    logs = os.path.abspath(options.logs or os.path.join(ROOT, ".build", "test-package"))
    os.makedirs(logs, exist_ok=True)
    if options.deb:
        deb = os.path.abspath(options.deb)
    else:
        report.begin("build")
        with open(os.path.join(logs, "build.log"), "w") as log:
            built = subprocess.run(
                [os.path.join(ROOT, "script", "package")], stdout=subprocess.PIPE, stderr=log, text=True
            )
        if built.returncode != 0:
            sys.exit(f"test-package: script/package failed; see {log.name}")
        deb = built.stdout.split()[-1]

    with tempfile.TemporaryDirectory(prefix="test-package-") as work:
        if not options.stage:
            report.begin("contents")
            contents.prove(report, deb, work, ROOT)
        newer = trees.next_version(deb, work)
        suites = options.suite or list(image.RELEASES)
        parts = [report.part(suite) for suite in suites]
        with concurrent.futures.ThreadPoolExecutor(len(suites)) as executor:
            runs = [
                executor.submit(prove, part, suite, deb, newer, work, os.path.join(logs, suite), options)
                for part, suite in zip(parts, suites, strict=True)
            ]
        for run in runs:
            run.result()
    return report.end(parts)


def prove(report, suite, deb, newer, work, logs, options):
    os.makedirs(logs, exist_ok=True)
    report.begin("a Debian tree")
    with trees.Tree(suite, work, logs) as tree:
        report.begin("installed without a running systemd")
        installation.prove(report, tree, deb, newer, ROOT)
        if not options.no_boot:
            units.prove(report, tree, deb, newer, logs, options.stage)
