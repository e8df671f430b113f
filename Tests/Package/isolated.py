"""Another target is isolated, and the machine is shut down: the bound services keep their volume until then."""

import os
import re
import subprocess

from machine import TARGET, UNIT
from stage import LEFTOVER, bind, configure

# Writes when the volume has been unmounted, or after 5 s of having it: the bare mount point takes nothing.
LAST_WRITE = """\
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/true
ExecStop=/bin/sh -c 'for i in 1 2 3 4 5; do mountpoint -q /data || break; sleep 1; done; echo written >/data/last-write'
"""
RESCUE_LIKE = "[Unit]\nRequires=sysinit.target\nAfter=sysinit.target\nAllowIsolate=yes\n"
# What dockerd does for a container with -v /data:/data: a mount namespace that no later mount reaches.
DOCKER = """\
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/unshare --mount --propagation private sh -c 'mountpoint -q /data && touch /run/container-has-volume'
"""
PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "package.md")


def isolated(stage):
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    configure(tree, disk)
    disk.erase()
    tree.write("/etc/systemd/system/rescue-like.target", RESCUE_LIKE)
    bind(tree, "last-write.service", LAST_WRITE)
    with open(PAGE) as page:
        documented = re.search(r"# (/etc/systemd/system/docker\.service\.d/\S+)\n(.*?)```", page.read(), re.S)
    if documented:
        tree.write(*documented.groups())
    tree.write("/etc/systemd/system/docker.service", DOCKER)
    tree.run("systemctl", "add-wants", TARGET if documented else "multi-user.target", "docker.service")
    tree.write("/etc/fstab", LEFTOVER)
    with stage.machine() as machine:
        disk.attach(machine)
        machine.wait_until("active", "last-write.service")
        machine.wait("docker.service", lambda: machine.state("docker.service")["ActiveState"] in ("active", "failed"))
        seen = machine.try_to("test", "-e", "/run/container-has-volume").returncode == 0
        check("a container of docker.service, with the drop-in of docs/package.md, has the volume", seen, documented)
        machine.wait_until("active", "dependent.service")
        units = (UNIT, TARGET, "dependent.service")
        runs = [machine.state(unit)["InvocationID"] for unit in units]
        for target in ("multi-user.target", "rescue-like.target", "multi-user.target"):
            machine.run("systemctl", "isolate", target)
            states = [machine.state(unit) for unit in units]
            alive = all(state["ActiveState"] == "active" for state in states)
            same = [state["InvocationID"] for state in states] == runs
            check(f"the bound service lives while {target} is isolated", alive and same, states)
        machine.wait_until("active", "last-write.service")
        machine.run("systemctl", "--no-block", "poweroff")
        machine.wait("the machine to power off", machine.has_ended)
    found = subprocess.run(["debugfs", "-R", "cat /last-write", disk.node], capture_output=True, text=True)
    check("the last write of a bound service is in the volume, whatever fstab says", found.stdout == "written\n", found)
    tree.write("/etc/fstab", "")
    for service in ("last-write.service", "docker.service"):
        os.remove(tree.file(f"/etc/systemd/system/{service}"))
