"""Scenario 12: the disk of a configured instance is another one's image, and its configuration must not act."""

import os
import re

from guest import UNIT

NEW = "/srv/new"


def story(stories):
    stories.first_instance()
    former, volume = stories.guest, stories.volume
    if former.process.poll() is None:
        former.power_off()
    stories.report.begin(12, "the next instance boots from the disk of a configured one, the volume attached already")
    check = stories.report.check
    guest = stories.launch(
        "12-rebaked",
        [stories.settings() | {"mount-point": NEW}],
        attached=[volume],
        root_disk=os.path.abspath(former.path("root.qcow2")),
    )
    guest.wait_for_boot()
    guest.connect()
    unit, facts = stories.settle(guest, "/data", NEW)
    lines = [line for line in stories.agent_lines(guest) if "written for another instance" in line]
    right = lines and former.instance_id in lines[0] and guest.instance_id in lines[0]
    check("the console says that the configuration is another instance's", right, lines)
    mounted = re.search(NEW + r": .*mounted", guest.console())
    check(
        "  before anything is mounted", right and mounted and guest.console().index(lines[0]) < mounted.start(), lines
    )
    boot = facts["boot"]
    check("it is known before cloud-init has asked anybody", first_start(guest) < boot["cloud-init-local ended"], boot)
    check(
        "the old configuration has mounted nothing", not facts["volumes"]["/data"]["mounts"], facts["volumes"]["/data"]
    )
    stories.check_mounted(guest, unit, facts, NEW, volume, figures=False)
    stories.check_same_data(facts, NEW)


def first_start(guest):
    """Seconds since the kernel started at which the unit was first looked at in this boot."""
    words = ("--boot", "--output=short-monotonic", "--no-hostname", f"--unit={UNIT}")
    first = guest.output("journalctl", *words).splitlines()[0]
    return float(re.match(r"\[\s*([\d.]+)\]", first).group(1))
