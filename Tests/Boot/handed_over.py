"""Scenario 15: the group ends an instance; its volume is released while it runs, and the next one has it at once."""

import http.client
import json
import os
import time

import bound_services
import network
from bound_services import APPLICATION, LAST_WRITE
from guest import UNIT
from orderly_end import last_write
from pulled import mounts
from scenarios import GUEST_FACTS

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "hand_over_facts.py")) as source:
    FACTS = source.read()

WATCHER, RELEASE = "autoheal-watch.service", "autoheal-release.service"
CONFIGURATION = "/etc/autoheal-agent/config.toml"
PORT = 9465
SETTINGS = f"""
[health]
listen = "0.0.0.0:{PORT}"

[hand-over]
on = ["terminate"]
"""
ROW = "/data/boot-test-row"
# Seconds, of a guest under TCG on a busy machine.
LIMIT = 120


def story(stories):
    stories.first_instance()
    guest, volume, check = stories.guest, stories.volume, stories.report.check
    stories.report.begin(15, "the group ends the instance: the volume is released, and the next one has it at once")
    guest.output("tee", "--append", CONFIGURATION, stdin=SETTINGS)
    for name in (APPLICATION, LAST_WRITE):
        bound_services.add(guest, name)
    guest.output("systemctl", "enable", "--now", WATCHER)
    guest.output("sh", "-c", f"echo of {guest.instance_id} >{ROW} && sync {ROW}")
    status = health(guest)[1].get("status")
    check("before, /health says healthy", status == "healthy", status)
    boot = guest.python(GUEST_FACTS, "facts")["boot_id"]
    guest.mark_console()

    notice = guest.python(FACTS, "clock")
    stories.metadata.instance.lifecycle_state = "Terminated"
    code, page = wait_for_release(guest)
    check("/health says released", "released" in json.dumps(page), (code, page))
    units = (APPLICATION, LAST_WRITE, bound_services.TARGET, UNIT)
    facts = guest.python(FACTS, "timeline", json.dumps([notice, *units]))
    times = facts["times"]
    report_times(stories, times)
    order = [times.get(key) for key in (LAST_WRITE, bound_services.TARGET, UNIT, "unmounted", "released")]
    is_ordered = None not in order and sorted(order) == order
    check(
        "first the bound service stopped, then the target, the agent's unit, and then the volume was unmounted",
        is_ordered,
        times,
    )
    said = [unit for unit, _ in facts["released"]]
    check(
        "who released it and who watches it say so, once each",
        sorted(said) == sorted([RELEASE, WATCHER]),
        facts["released"],
    )
    check("the console says released", "released" in guest.console()[guest.console_mark :].lower())
    stories.check_outcome(guest, "released", reason="terminate")
    check("nothing is mounted there any more", not mounts(guest), mounts(guest))
    check("the file system is clean", volume.is_clean)
    found = last_write(volume, LAST_WRITE)
    check("the last write of the bound service is in it", found == "written\n", found)

    begin = time.monotonic()
    guest.pull(volume)
    stories.report.figure("seconds until the volume could be pulled", f"{time.monotonic() - begin:.1f}")
    here = guest.python(GUEST_FACTS, "facts")
    check("Swift's runtime has nothing to complain of", not here["complaints"], here["complaints"])
    check(
        "the instance still runs, and does not mount again",
        here["boot_id"] == boot and not mounts(guest),
        here["status"],
    )
    tell_next(stories, guest)
    return times


def tell_next(stories, former):
    check, checked = stories.report.check, stories.volume.last_checked
    guest = stories.launch("15-next", [stories.settings()])
    stories.attach_late(guest, stories.volume, late=2)
    unit, facts = stories.settle(guest, "/data")
    stories.check_mounted(guest, unit, facts)
    stories.check_same_data(facts)
    words = guest.output("journalctl", "--boot", "--dmesg", "--output=cat")
    node = facts["volumes"]["/data"].get("node", "-")
    replayed = [line for line in words.splitlines() if node in line and ("recover" in line or "orphan" in line)]
    check("the kernel replayed no journal", not replayed, replayed)
    check("e2fsck had nothing to do", stories.volume.last_checked == checked, (stories.volume.last_checked, checked))
    row = guest.output("cat", ROW)
    check("the row of the instance before is there", row == f"of {former.instance_id}\n", row)


def health(guest):
    """What a health check of the group is told."""
    connection = http.client.HTTPConnection(network.GUEST, PORT, timeout=10)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except OSError as error:
        guest.demand_alive()
        return None, {"status": str(error)}
    finally:
        connection.close()


def wait_for_release(guest):
    deadline = time.monotonic() + LIMIT
    while True:
        code, page = health(guest)
        if "released" in json.dumps(page) or time.monotonic() > deadline:
            return code, page
        time.sleep(0.2)


def report_times(stories, times):
    for name, seconds in sorted(times.items(), key=lambda item: item[1]):
        stories.report.figure(f"seconds from the notice until {name}", f"{seconds:.2f}")
