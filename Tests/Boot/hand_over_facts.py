"""Runs in the guest, from standard input: when what happened after the notice that the instance ends, in JSON."""

import json
import subprocess
import sys
import time
from collections.abc import Callable

OURS = ("autoheal-watch.service", "autoheal-release.service", "autoheal-agent.service")


def output(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout


def journal(*arguments):
    subprocess.run(["journalctl", "--sync"])
    for line in output("journalctl", "--boot", "--output=json", "--all", *arguments).splitlines():
        entry = json.loads(line)
        entry["moment"] = int(entry.get("_SOURCE_MONOTONIC_TIMESTAMP") or entry["__MONOTONIC_TIMESTAMP"]) / 1e6
        yield entry


def timeline(since, *units):
    """Seconds after `since`, a time of this clock: when units had stopped, the kernel unmounted, and who said what."""
    times, released = {}, []
    # systemd forgets units that have stopped; its log does not.
    for entry in journal("_PID=1", "JOB_TYPE=stop", "JOB_RESULT=done"):
        if entry["moment"] >= since and entry.get("UNIT") in units:
            times[entry["UNIT"]] = entry["moment"] - since
    for entry in journal("--dmesg"):
        if entry["moment"] >= since and "unmounting filesystem" in str(entry["MESSAGE"]):
            times["unmounted"] = entry["moment"] - since
    for unit in OURS:
        for entry in journal(f"--unit={unit}"):
            message = str(entry["MESSAGE"])
            if entry["moment"] < since or "AUTOHEAL_HOST_ID" not in entry:
                continue
            if "ends this instance" in message:
                times.setdefault(f"{unit} said that the instance ends", entry["moment"] - since)
            if "The volume is released" in message or "The volume was released" in message:
                released.append((unit, message))
                times["released"] = min(times.get("released", float("inf")), entry["moment"] - since)
    return {"times": times, "released": released}


FACTS: dict[str, Callable] = {"timeline": timeline, "clock": time.monotonic}
print(json.dumps(FACTS[sys.argv[1]](*json.loads(sys.argv[2]) if len(sys.argv) > 2 else ())))
