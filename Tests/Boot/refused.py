"""Scenario 6: volumes that hold something else."""

import os
import re
import time

import disks
from guest import StagingError
from scenarios import BYTES_UNCHANGED, SERVICES


def foreign(stories):
    stories.report.begin(6, "four volumes that hold something else, and a blank one")
    check = stories.report.check
    volumes, settings = {}, []
    for letter, (name, (make, _)) in zip("bcde", disks.FOREIGN.items(), strict=True):
        volume = disks.Volume(os.path.join(stories.directory, make.__name__ + ".img"), f"/dev/xvd{letter}", 256 << 20)
        make(volume)
        volumes[name] = (volume, volume.checksum, f"/data/{letter}")
        settings.append({"device": volume.device_name, "mount-point": f"/data/{letter}", "tries": 30})
    blank = disks.Volume(os.path.join(stories.directory, "beside.img"), "/dev/xvdf", 256 << 20)
    settings.append({"device": "/dev/xvdf", "mount-point": "/data/f", "tries": 30})

    guest = stories.launch("6-foreign", settings)
    guest.wait_for_agent_start()
    stories.add_services(guest)
    for volume, _, _ in volumes.values():
        guest.attach(volume)
    guest.attach(blank)
    points = [mount_point for _, _, mount_point in volumes.values()]
    stories.settle(guest, *points, "/data/f")
    check("it is not run again and again", becomes_quiet(guest), guest.unit())
    unit, facts = stories.settle(guest, *points, "/data/f")
    lines = stories.agent_lines(guest)
    for name, (volume, _, mount_point) in volumes.items():
        pattern = disks.FOREIGN[name][1]
        check(f"{name}: not mounted", not facts["volumes"][mount_point]["mounts"], facts["volumes"][mount_point])
        said = [line for line in lines if (volume.device_name in line or mount_point in line)]
        check(f"{name}: the console says why", any(re.search(pattern, line) for line in said), said[-2:])
    check("the blank volume beside them is mounted", facts["volumes"]["/data/f"]["mounts"])
    check("the unit failed", unit["ActiveState"] == "failed", unit)
    check("its exit code is 65", unit["ExecMainStatus"] == "65", unit["ExecMainStatus"])
    check("it was not tried again", unit["NRestarts"] == "0", unit["NRestarts"])
    check("status says so too", facts["status"]["exit"] == 65, facts["status"])
    for name in SERVICES:
        state = guest.unit(name)
        never = state["ActiveState"] == "inactive" and state["ExecMainStartTimestampMonotonic"] == "0"
        check(f"{name} was not started", never, state)
    # What a careless program wrote must not stay in the guest's cache, out of the comparison's sight.
    guest.output("sync")
    stories.end_guest()
    for name, (volume, before, _) in volumes.items():
        check(BYTES_UNCHANGED.format(name), volume.checksum == before)


def becomes_quiet(guest, seconds=20):
    """Whether the unit stays as it is once what udev starts for the last arrival has ended, too."""

    def is_quiet():
        before = guest.unit()
        time.sleep(seconds)
        return guest.unit() == before

    try:
        return guest.wait_until("the unit to stay as it is", is_quiet, limit=6 * seconds, pause=0)
    except StagingError:
        return False
