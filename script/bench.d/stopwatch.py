"""Runs commands under stopwatch.c, which measures them."""

import os
import signal
import subprocess
from typing import NamedTuple

from errors import BenchError

TIME_LIMIT = 300


class Timing(NamedTuple):
    """The figures of one command, as stopwatch.c prints them."""

    number: int
    start: int
    end: int
    status: int
    peak: int
    minor: int
    major: int
    own_peak: int
    own_minor: int
    own_major: int


class Stopwatch:
    """Commands that are ready to start together; leaving it early ends them."""

    def __init__(self, workspace, commands, profile=False):
        self._workspace = workspace
        self._arguments = [workspace.tools.stopwatch, *(["-p"] if profile else [])]
        for index, command in enumerate(commands):
            self._arguments += [*([":::"] if index else []), *command]

    def __enter__(self):
        with open(self._workspace.log, "wb") as log:
            self._process = subprocess.Popen(
                self._arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env=environment(self._workspace),
            )
        return self

    def __exit__(self, *_):
        """Asks the whole session to end, and waits long enough for a mkfs that must not be cut off."""
        if self._process.poll() is not None:
            return
        for request, seconds in ((signal.SIGTERM, 20), (signal.SIGKILL, 20)):
            os.killpg(self._process.pid, request)
            try:
                self._process.wait(timeout=seconds)
                return
            except subprocess.TimeoutExpired:
                pass

    def go(self):
        self._process.stdin.write(b"!")
        self._process.stdin.flush()

    def finish(self):
        """The timings, in the order of the commands."""
        try:
            output, _ = self._process.communicate(timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"no end after {TIME_LIMIT} s") from error
        if self._process.returncode != 0:
            raise BenchError("the stopwatch failed")
        timings = sorted(Timing(*map(int, line.split())) for line in output.splitlines())
        for timing in timings:
            if timing.status != 0:
                raise BenchError(f"exit {timing.status}")
        return timings


def environment(workspace):
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C",
        "AWS_EC2_METADATA_DISABLED": "true",
        "RUNTIME_DIRECTORY": str(workspace.run),
    }
