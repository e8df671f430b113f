"""Scenario 13: the power goes in the middle of the first boot, so that nothing is kept but what was flushed."""

import contextlib
import os
import threading

import disks
from guest import BOOT_LIMIT, UNIT, StagingError
from scenarios import GUEST_FACTS

LEFT = "/etc/systemd/system/autoheal-install.service"


def story(stories):
    stories.report.begin(13, "the power goes while user data fetches the package; the same instance boots again")
    check = stories.report.check
    volume = disks.Volume(os.path.join(stories.directory, "interrupted-boot.img"))
    guest = stories.launch("13-interrupted", [{"volume-id": volume.id}], attached=[volume])
    fetched = threading.Event()
    stories.packages.on_download = lambda path: fetched.set()
    guest.wait_until("the package to be fetched", fetched.is_set, BOOT_LIMIT, pause=0.05)
    guest.kill()

    guest = stories.launch(
        "13-again",
        [],
        told=guest.told,
        attached=[volume],
        instance_id=guest.instance_id,
        root_disk=os.path.abspath(guest.path("root.qcow2")),
    )
    guest.wait_for_boot()
    guest.connect()
    with contextlib.suppress(StagingError):
        guest.wait_until("the agent to be done", lambda: guest.unit()["ActiveState"] == "active", BOOT_LIMIT, pause=2)
    journal = guest.output("journalctl", "--boot", "--output=cat", "--unit=autoheal-install.service")
    check("autoheal-install.service went on with it", "autoheal-install: installed" in journal, journal[-400:])
    facts = guest.python(GUEST_FACTS, "facts", "/data")
    stories.check_mounted(guest, guest.unit(UNIT), facts, volume=volume, figures=False)
    with contextlib.suppress(StagingError):
        guest.wait_until("it to be forgotten", lambda: guest.run("test", "-e", LEFT)[0] != 0, pause=2)
    check("and then it is gone", guest.run("test", "-e", LEFT)[0] != 0)
