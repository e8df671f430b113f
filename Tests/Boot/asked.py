"""Asks everybody who tells how a volume is, and demands that all say the same: pages, metrics, status, and the log."""

import itertools
import json
import os

from guest import StagingError

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "health_facts.py")) as source:
    FACTS = source.read()

# Seconds from look to look; the default is 10.
INTERVAL = 2
# How long a page must not change its mind: two looks that agree, and what they take.
HOLD = 2.5 * INTERVAL
HEALTHY = {"state": "healthy", "health": 200, "ready": True, "faults": []}


def wanted(*faults, state="failed", ready=False):
    return {"state": state, "health": 503 if state == "failed" else 200, "ready": ready, "faults": faults}


class Asked:
    """Those who tell it in one guest."""

    def __init__(self, report, guest):
        self.report, self.guest = report, guest

    def fault(self, what, mount_point, wanted, command="", since=None, before=200):
        """Does it, and demands that whoever is asked says the same. `before`: what /health has answered so far."""
        is_failure = wanted["state"] == "failed"
        facts = self.follow(mount_point, wanted, command, since, 0 if is_failure else HOLD)
        check, log = self.report.check, facts["log"]
        check(f"{what}: /health, /ready and status say so", self.all_agree(facts), facts)
        codes = facts["codes"]["health"]
        # What is done from outside is done before anybody is asked.
        is_right = codes == [200] if not is_failure else codes == [503] if before == 503 else codes == [200, 503]
        is_right = is_right or (since and codes == [503])
        check(f"  /health went from {before} to {wanted['health']}", is_right, codes)
        named = set(facts["health"][2])
        last = log[-1] if log else {"state": None, "faults": [], "priority": None}
        agree = [facts["health"][1:], list(facts["metrics"]), [last["state"], last["faults"]]]
        is_same = all([state, set(faults)] == [wanted["state"], named] for state, faults in agree)
        check("  /metrics and the log agree with /health", is_same, agree)
        check("  so does status", set(facts["status"][1]) == named, (facts["status"], named))
        level = 3 if is_failure or not wanted["ready"] else 4
        is_right = self.is_told_once(log) and last["priority"] == level and last.get("tagged")
        check("  the log says each change once, an ERROR where the volume is of no use", is_right, log)
        error = next((f"{entry['time']:.1f}" for entry in log if entry["priority"] == 3), "none")
        seconds = ", ".join(f"{name} {facts['times'].get(name)}" for name in ("seen", "health", "ready", "status"))
        self.report.figure(
            f"seconds after {what}", f"{seconds}, first ERROR {error}, last line {last.get('time', 0):.1f}"
        )

    def recovery(self, what, mount_point, command="", since=None):
        facts = self.follow(mount_point, HEALTHY, command, since)
        log = facts["log"]
        check = self.report.check
        check(f"{what}: everybody says healthy", self.all_agree(facts), facts)
        check("  the log too, in its last line", log and log[-1]["state"] == "healthy" and self.is_told_once(log), log)
        seconds = ", ".join(f"{name} {facts['times'].get(name)}" for name in ("health", "ready", "status"))
        self.report.figure(f"seconds until {what}", seconds)

    def expect(self, what, mount_point, wanted):
        facts = self.follow(mount_point, wanted)
        self.report.check(f"{what}: {wanted['state']}", self.all_agree(facts), facts)

    def follow(self, mount_point, wanted, command="", since=None, hold=0):
        facts = self.facts("follow", mount_point, wanted, command, since, hold)
        if facts["command"][0]:
            raise StagingError(f"In the guest, {command} ended with {facts['command']}")
        return facts

    @staticmethod
    def all_agree(facts):
        return {"health", "ready", "status"} <= facts["times"].keys()

    @staticmethod
    def is_told_once(log):
        said = [(entry["state"], entry["faults"]) for entry in log]
        return all(one != other for one, other in itertools.pairwise(said))

    def facts(self, name, *arguments):
        return self.guest.python(FACTS, name, json.dumps(arguments))

    def clock(self):
        return self.facts("clock")
