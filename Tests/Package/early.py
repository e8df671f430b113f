"""A service with early-bound-service.conf: up while sysinit.target is held, and down before its volume goes."""

import os
import subprocess

EXAMPLE = "usr/share/doc/autoheal-agent/examples/early-bound-service.conf"
# Holds what cloud-init's network stage holds, until the early service is there or half a minute is over.
HOLD = """\
[Unit]
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'for i in $$(seq 300); do test -e /run/early-began && exit; sleep 0.1; done; exit 1'
"""
# Writes when the volume has been unmounted, or after 3 s of having it: the bare mount point takes nothing.
EARLY = """\
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'mountpoint /data && touch /run/early-began'
ExecStop=/bin/sh -c 'for i in 1 2 3; do mountpoint -q /data || break; sleep 1; done; \\
    echo written >/data/early-last-write'
"""
ATTACH = """\
[Unit]
DefaultDependencies=no
Before=autoheal-agent.service
[Service]
Type=oneshot
ExecStart=/usr/bin/mknod {node} b 7 {minor}
"""


def early(stage, configure, fstab):
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    configure(tree, disk)
    disk.erase()
    with open(tree.file(EXAMPLE)) as example:
        drop_in = example.read()
    units = {
        "hold.service": (HOLD, "sysinit.target"),
        "early.service": (EARLY, "autoheal-data.target"),
        "attach.service": (
            ATTACH.format(node=disk.node, minor=os.minor(os.stat(disk.node).st_rdev)),
            "multi-user.target",
        ),
    }
    for name, (text, target) in units.items():
        tree.write(f"/etc/systemd/system/{name}", text)
        tree.run("systemctl", "add-wants", target, name)
    tree.write("/etc/systemd/system/early.service.d/autoheal.conf", drop_in)
    # A line with nofail takes away the order that comes from local-fs.target by way of the agent.
    tree.write("/etc/fstab", fstab)
    with stage.machine() as machine:
        held = machine.state("hold.service")
        check("it is active while sysinit.target is held up", held["Result"] == "success", held)
        machine.wait_until("active", "dependent.service")
        times = [activation(machine, unit) for unit in ("early.service", "sysinit.target", "dependent.service")]
        check("before sysinit.target, as no service with bound-service.conf is", times == sorted(times), times)
        machine.run("systemctl", "isolate", "multi-user.target")
        state = machine.state("early.service")
        check("it lives while multi-user.target is isolated", state["ActiveState"] == "active", state)
        machine.run("systemctl", "--no-block", "poweroff")
        machine.wait("the machine to power off", machine.has_ended)
    found = subprocess.run(["debugfs", "-R", "cat /early-last-write", disk.node], capture_output=True, text=True)
    check("its last write at power-off is in the volume", found.stdout == "written\n", found)
    tree.write("/etc/fstab", "")
    for name, (_, target) in units.items():
        os.remove(tree.file(f"/etc/systemd/system/{name}"))
        os.remove(tree.file(f"/etc/systemd/system/{target}.wants/{name}"))


def activation(machine, unit):
    return int(machine.run("systemctl", "show", unit, "--property=ActiveEnterTimestampMonotonic", "--value"))
