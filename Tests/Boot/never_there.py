"""Scenarios 7 and 9: the volume never comes, and whether the instance lives on."""

import contextlib
import os
import re

import disks
from guest import AGENT_PROCESS, UNIT, StagingError
from scenarios import GUEST_FACTS


def never(stories):
    stories.report.begin(7, "the volume never comes")
    check = stories.report.check
    # Whatever limits the unit ships for its attempts: the same mechanism, in a shorter time.
    shorter = "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=2\n[Service]\nRestartSec=5\n"
    guest = stories.launch(
        "7-never",
        [{"device": "/dev/sdf", "tries": 3, "interval": 5}],
        files=[(f"/etc/systemd/system/{UNIT}.d/boot-test.conf", shorter)],
    )
    guest.wait_for_boot()
    guest.connect()
    unit = guest.wait_for_agent_end()
    facts = guest.python(GUEST_FACTS, "facts", "/data")
    check("the unit failed", unit["ActiveState"] == "failed", unit)
    check("its exit code is 66", unit["ExecMainStatus"] == "66", unit["ExecMainStatus"])
    check("nothing is mounted", not facts["volumes"]["/data"]["mounts"])
    check("cloud-init is done", "status: done" in facts["cloud_init"], facts["cloud_init"])
    target = guest.unit("multi-user.target")
    check("the boot is complete", target["ActiveState"] == "active", target)
    lines = stories.agent_lines(guest)
    said = [line for line in lines if re.search(r"did not appear", line)]
    check("the console says that it did not appear", said, lines[-3:])
    check("status says 66", facts["status"]["exit"] == 66, facts["status"])
    check("a person can log in on the console", stories.login(guest))

    stories.report.say("  it comes after all, when nothing waits for it any more")
    volume = disks.Volume(os.path.join(stories.directory, "after-all.img"))
    guest.attach(volume)
    with contextlib.suppress(StagingError):
        guest.wait_until("the agent to be done", lambda: guest.unit()["ActiveState"] == "active", pause=2)
    facts = guest.python(GUEST_FACTS, "facts", "/data")
    stories.check_mounted(guest, guest.unit(), facts, volume=volume, figures=False)


def powers_off(stories):
    stories.report.begin(9, "the volume never comes, and the instance is to be replaced")
    check = stories.report.check
    # The unit's own limit takes more than 20 minutes.
    fewer = "[Unit]\nStartLimitBurst=3\n"
    guest = stories.launch(
        "9-powers-off",
        [{"device": "/dev/sdf", "tries": 3, "interval": 5}],
        flags=["--power-off-on-failure"],
        files=[(f"/etc/systemd/system/{UNIT}.d/boot-test.conf", fewer)],
    )
    guest.wait_for_power_off()
    lines = stories.agent_lines(guest)
    # Each try is a process of its own, and says more than one line: getty may wipe one off a console when it starts.
    tries = set(re.findall(AGENT_PROCESS, guest.console()))
    check("the instance is off after three tries, no sooner", len(tries) == 3, lines)
    check("the console says why", any("did not appear" in line for line in lines), lines[-3:])
    check("the boot was complete before", re.search(r"Cloud-init v\. \S+ finished", guest.console()))
