"""Runs in the guest, from standard input: says in JSON when things happened, in seconds since the kernel started."""

import datetime
import json
import re
import subprocess
import sys
import time

OURS = ("autoheal-agent.service", "autoheal-agent-arrival.service")


def output(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout


def properties(*arguments):
    return dict(line.split("=", 1) for line in output("systemctl", "show", *arguments).splitlines() if "=" in line)


def seconds(text):
    return int(text) / 1e6 if text and text.isdigit() and text != "0" else None


def times():
    found = {
        "userspace": seconds(properties("--property=UserspaceTimestampMonotonic").get("UserspaceTimestampMonotonic"))
    }
    for target in ("local-fs.target", "sysinit.target", "basic.target", "multi-user.target"):
        found[target] = seconds(properties(target).get("ActiveEnterTimestampMonotonic"))
    for name, unit in (
        ("cloud-init local", "cloud-init-local.service"),
        ("cloud-init network", "cloud-init.service"),
        ("cloud-init config", "cloud-config.service"),
        ("cloud-init final", "cloud-final.service"),
        ("agent", "autoheal-agent.service"),
    ):
        shown = properties(unit)
        found[name + " began"] = seconds(shown.get("ExecMainStartTimestampMonotonic"))
        found[name + " ended"] = seconds(shown.get("ExecMainExitTimestampMonotonic"))
    found["agent's unit active"] = seconds(properties("autoheal-agent.service").get("ActiveEnterTimestampMonotonic"))
    return found


def mounted(mount_point):
    """When the kernel said so of the device that is there."""
    device = output("findmnt", "--noheadings", "--output=SOURCE", mount_point).strip().rpartition("/")[2]
    if not device:
        return None
    for line in output("journalctl", "--boot", "--dmesg", "--output=json", "--grep=mounted filesystem").splitlines():
        entry = json.loads(line)
        if f"({device})" in entry["MESSAGE"]:
            return int(entry["_SOURCE_MONOTONIC_TIMESTAMP"]) / 1e6
    return None


def installation():
    """Of the first begin and the last end that the image's apt-get and dpkg noted."""
    found = {}
    try:
        with open("/run/boot-test-install") as notes:
            for word, uptime in map(str.split, notes):
                if word == "end" or word not in found:
                    found[word] = float(uptime)
    except OSError:
        pass
    return found


def script():
    """When cloud-init ran what runcmd asked for; its log has the time of day."""
    with open("/var/log/cloud-init.log") as log:
        found = re.search(
            r"^(\S+ \S+) - .*Running command \['/var/lib/cloud/instance/scripts/runcmd'\]", log.read(), re.M
        )
    if not found:
        return None
    moment = datetime.datetime.strptime(found.group(1), "%Y-%m-%d %H:%M:%S,%f").replace(tzinfo=datetime.UTC)
    return moment.timestamp() - (time.time() - time.monotonic())


def service(name):
    """When it was active, and the CPU time that the machine had used when it started."""
    active = seconds(properties(name).get("ActiveEnterTimestampMonotonic"))
    try:
        with open(f"/run/{name}.cpu") as file:
            used = int(re.search(r"usage_usec (\d+)", file.read()).group(1)) / 1e6
    except OSError:
        used = None
    return {"active": active, "cpu": used}


def units():
    """CPU time of our units, with when the last run of each began."""
    found = {}
    for unit in OURS:
        values = properties(unit)
        used = values.get("CPUUsageNSec", "")
        found[unit] = {
            "began": seconds(values.get("InactiveExitTimestampMonotonic")),
            "condition": values.get("ConditionResult"),
            "cpu": int(used) / 1e9 if used.isdigit() else None,
        }
    return found


print(
    json.dumps(
        {
            "times": times(),
            "mounted": mounted("/data"),
            "installation": installation(),
            "script": script(),
            "units": units(),
            "services": {name: service(name) for name in sys.argv[1:]},
            "agent": output(
                "journalctl", "--boot", "--unit=autoheal-agent.service", "--output=short-monotonic", "--no-hostname"
            ),
        }
    )
)
