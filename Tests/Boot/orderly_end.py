"""Scenario 11: other targets are isolated on a running instance, then it ends in order."""

import subprocess

import bound_services
from bound_services import APPLICATION, EARLY_LAST_WRITE, LAST_WRITE, TARGET
from guest import UNIT
from pulled import mount

# The test's window must stay open; an instance has nothing like it.
WINDOW = "/etc/systemd/system/qemu-guest-agent.service.d/isolate.conf"
STAYS = "[Unit]\nIgnoreOnIsolate=yes\n"


def story(stories):
    stories.first_instance()
    guest, volume = stories.guest, stories.volume
    stories.report.begin(11, "other targets, and an orderly end with a leftover line in /etc/fstab")
    check = stories.report.check
    mount(guest)
    bound_services.write(guest, WINDOW, STAYS)
    # A leftover of the time before the agent: with nofail, nothing orders the mount before local-fs.target. It is there
    # for this boot only.
    uuid = guest.output("findmnt", "--noheadings", "--output=UUID", "/data").strip()
    guest.output("cp", "/etc/fstab", "/run/fstab")
    guest.output("tee", "--append", "/run/fstab", stdin=f"UUID={uuid} /data ext4 defaults,nofail 0 2\n")
    guest.output("mount", "--bind", "/run/fstab", "/etc/fstab")
    guest.output("systemctl", "daemon-reload")
    services = (APPLICATION, LAST_WRITE, EARLY_LAST_WRITE)
    for name in services:
        bound_services.add(guest, name)
    units = (UNIT, TARGET, *services)
    before = runs(guest, units)
    for target in ("multi-user.target", "rescue.target", "multi-user.target"):
        guest.output("systemctl", "isolate", target)
        reached = guest.unit(target)["ActiveState"] == "active"
        check(f"the bound services live on when {target} is isolated", reached and runs(guest, units) == before, before)
    code, out, error = guest.run("autoheal-agent", "status")
    check("status says 0", code == 0, out + error)

    guest.power_off()
    for name in (LAST_WRITE, EARLY_LAST_WRITE):
        found = last_write(volume, name)
        check(f"the last write of {name} is in the volume, whatever /etc/fstab says", found == "written\n", found)
    errors = volume.errors()
    check("e2fsck finds nothing wrong", not errors, errors)


def runs(guest, units):
    """Of each unit its state and the id of its run."""
    return [guest.output("systemctl", "show", "--property=ActiveState,InvocationID", unit) for unit in units]


def last_write(volume, name):
    path = "/" + name.removesuffix(".service")
    found = subprocess.run(["debugfs", "-R", f"cat {path}", volume.path], capture_output=True, text=True)
    return found.stdout or found.stderr
