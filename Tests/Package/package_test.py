"""The command line of script/test-package: build, look at the package, install it in a tree, boot that tree.

Everything happens in a directory of its own and in containers without a network; needs root.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time

import contents
import installation
import trees
import units

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Report:
    """Says what holds and what does not; a test goes on after a failure."""

    def __init__(self):
        self.start = time.monotonic()
        self.failures = []
        self.count = 0

    def begin(self, title):
        print(f"== {title} ({time.monotonic() - self.start:.0f} s)", flush=True)

    def check(self, claim, holds, found=""):
        self.count += 1
        if holds:
            print(f"  ok      {claim}", flush=True)
        else:
            print(f"  FAILED  {claim}: {found}", flush=True)
            self.failures.append(claim)

    def figure(self, name, value):
        print(f"  figure  {name}: {value}", flush=True)

    def end(self):
        seconds = time.monotonic() - self.start
        print(f"{self.count} checks, {len(self.failures)} failed, {seconds:.0f} s")
        for claim in self.failures:
            print(f"  FAILED  {claim}")
        return 1 if self.failures else 0


def main():
    parser = argparse.ArgumentParser(description="Builds the package and proves it: contents, installation, unit.")
    parser.add_argument("--deb", metavar="FILE", help="the package to test instead of building one")
    parser.add_argument("--no-boot", action="store_true", help="leave out what needs systemd-nspawn")
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
            built = subprocess.run([os.path.join(ROOT, "script", "package")], stdout=subprocess.PIPE, stderr=log, text=True)
        if built.returncode != 0:
            sys.exit(f"test-package: script/package failed; see {log.name}")
        deb = built.stdout.split()[-1]

    with tempfile.TemporaryDirectory(prefix="test-package-") as work, contextlib.ExitStack() as stack:
        report.begin("contents")
        contents.prove(report, deb, work, ROOT)
        report.begin("a Debian tree")
        tree = stack.enter_context(trees.Tree(work, logs))
        report.begin("installed without a running systemd")
        newer = trees.next_version(deb, work)
        installation.prove(report, tree, deb, newer, ROOT)
        if not options.no_boot:
            units.prove(report, tree, deb, newer, work, logs)
    return report.end()
