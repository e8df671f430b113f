"""Runs in the guest, from standard input: what everybody says of a volume while something happens to it, in JSON."""

import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable

PORT = 9465
LIMIT = 120


def get(page):
    """The status code and the text of a page of the watcher; (None, "") if nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
    try:
        connection.request("GET", "/" + page)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return None, ""
    finally:
        connection.close()


def volume_of(text, mount_point):
    """What a page says of one volume: its state and its faults."""
    for volume in json.loads(text)["volumes"] if text else []:
        if volume["mount_point"] == mount_point:
            return volume["status"], volume["faults"]
    return None, []


def metrics(mount_point):
    """The state and the faults, as Prometheus would be told."""
    text = get("metrics")[1]
    line = r'^autoheal_volume_{0}{{.*mount_point="{1}",{0}="(.*)"}} 1$'
    find = lambda name: re.findall(line.format(name, re.escape(mount_point)), text, re.M)
    return (find("state") or [None])[0], find("fault")


class Status:
    """`autoheal-agent status`, again and again."""

    def __init__(self, mount_point):
        self.mount_point = mount_point
        self.process = None
        self.code = None
        self.faults = []

    def poll(self):
        """Whether there is a new answer."""
        if self.process is None:
            command = ["autoheal-agent", "status", "--json", "--mount-point", self.mount_point]
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            return False
        if self.process.poll() is None:
            return False
        text = self.process.communicate()[0]
        self.code, self.process = self.process.returncode, None
        self.faults = [fault["name"] for volume in json.loads(text) for fault in volume["faults"]]
        return True

    def end(self):
        while not self.poll():
            time.sleep(0.05)


def said(mount_point, since):
    """What the watcher has logged of the volume since then."""
    subprocess.run(["journalctl", "--sync"])
    words = ["journalctl", "--boot", "--output=json", "--unit=autoheal-watch.service"]
    words.append(f"AUTOHEAL_VOLUME_MOUNT_POINT={mount_point}")
    lines = subprocess.run(words, capture_output=True, text=True).stdout.splitlines()
    entries = [json.loads(line) for line in lines]
    return [
        {
            "time": int(entry["__MONOTONIC_TIMESTAMP"]) / 1e6 - since,
            "state": entry.get("AUTOHEAL_HEALTH_STATE"),
            "faults": list(filter(None, entry.get("AUTOHEAL_HEALTH_FAULTS", "").split(","))),
            "priority": int(entry["PRIORITY"]),
            "message": entry["MESSAGE"],
            "tagged": "AUTOHEAL_HOST_ID" in entry,
        }
        for entry in entries
        if int(entry["__MONOTONIC_TIMESTAMP"]) / 1e6 >= since
    ]


def follow(mount_point, wanted, command="", since=None, hold=0):
    """Does something, and looks on until everybody says what is wanted: a state, and one of the faults, or none.

    Times are seconds since then. `hold`: so long everybody is listened to after that.
    """
    since = time.monotonic() if since is None else since
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    status, end = Status(mount_point), None
    times: dict[str, float] = {}
    codes: dict[str, list] = {}
    agrees = lambda faults: (not wanted["faults"] and not faults) or set(wanted["faults"]) & set(faults)
    is_ready = wanted.get("ready", False)
    while time.monotonic() < (end or since + LIMIT):
        now = time.monotonic() - since
        for page in ("health", "ready"):
            code, text = get(page)
            codes.setdefault(page, []).append(code)
            state, faults = volume_of(text, mount_point)
            if page == "health" and agrees(faults):
                times.setdefault("seen", now)
                if state == wanted["state"] and code == wanted["health"]:
                    times.setdefault("health", now)
            if page == "ready" and code == (200 if is_ready else 503):
                times.setdefault("ready", now)
        if status.poll() and agrees(status.faults) and (status.code == 0) == is_ready:
            times.setdefault("status", time.monotonic() - since)
        if end is None and {"health", "ready", "status"} <= times.keys():
            end = time.monotonic() + hold
        time.sleep(0.25)
    status.end()
    health = get("health")
    return {
        "command": [done.returncode, done.stderr[-300:]],
        "times": {key: round(value, 2) for key, value in times.items()},
        "codes": {page: list(dict.fromkeys(seen)) for page, seen in codes.items()},
        "health": [health[0], *volume_of(health[1], mount_point)],
        "metrics": metrics(mount_point),
        "status": [status.code, status.faults],
        "log": said(mount_point, since),
    }


def kernel(pattern, since):
    """When the kernel said so first."""
    words = ["journalctl", "--boot", "--dmesg", "--output=json", "--all"]
    for line in subprocess.run(words, capture_output=True, text=True).stdout.splitlines():
        entry = json.loads(line)
        moment = int(entry.get("_SOURCE_MONOTONIC_TIMESTAMP", 0)) / 1e6
        if moment >= since and re.search(pattern, str(entry["MESSAGE"])):
            return moment
    return None


def grown(node, mount_point, since):
    """When the disk, and then the file system, was larger; what watcher and growing unit said; what is heard."""
    words = ["journalctl", "--boot", "--output=json", "--unit=autoheal-grow.service"]
    subprocess.run(["journalctl", "--sync"])
    lines = subprocess.run(words, capture_output=True, text=True).stdout.splitlines()
    return {
        "larger": kernel(rf"{node}: detected capacity change", since),
        "grown": kernel(rf"\({node}\): resized filesystem", since),
        "said": [
            entry["MESSAGE"]
            for entry in map(json.loads, lines)
            if entry.get("AUTOHEAL_VOLUME_MOUNT_POINT") == mount_point and "has grown" in entry["MESSAGE"]
        ],
        "log": said(mount_point, since),
        "health": get("health")[0],
    }


FACTS: dict[str, Callable] = {"follow": follow, "grown": grown, "clock": time.monotonic}
print(json.dumps(FACTS[sys.argv[1]](*json.loads(sys.argv[2]) if len(sys.argv) > 2 else ())))
