"""The hand-over under a real systemd: by a notice of the metadata service, and by hand."""

import os
import subprocess
import time

from machine import TARGET, UNIT, Disk
from metadata import MetadataService
from watched import ask

WATCH = "autoheal-watch.service"
RELEASE = "autoheal-release.service"
ARRIVAL = "autoheal-agent-arrival.service"
SETTINGS = """\
[health]
listen = "127.0.0.1:9465"
interval = 2
[hand-over]
on = "terminate"
wait = 45
"""
# Says in the volume that it was stopped while it still had it.
WRITER = """\
[Service]
ExecStart=/bin/sh -c 'while sleep 0.1; do echo row >>/data/rows; done'
ExecStop=/bin/sh -c 'sleep 1; echo the last row >>/data/rows'
"""
# Bound to the mount alone.
NEEDS_MOUNT = """\
[Unit]
Requires=data.mount
After=data.mount autoheal-agent.service
[Service]
WorkingDirectory=/data
ExecStart=/bin/sleep infinity
[Install]
WantedBy=autoheal-data.target
"""
# Somebody else's, whom nobody asks to stop.
HOLDER = (
    "systemd-run",
    "--quiet",
    "--unit=holder",
    "--uid=nobody",
    "--working-directory=/data",
    "/bin/sleep",
    "infinity",
)
# A mount namespace that no unmount outside reaches.
HIDDEN = (
    "systemd-run",
    "--quiet",
    "--unit=hidden",
    "unshare",
    "--mount",
    "--propagation",
    "private",
    "/bin/sleep",
    "infinity",
)


def story(stage, configure, bind):
    tree = stage.tree
    bind(tree, "writer.service", WRITER)
    tree.write("/etc/systemd/system/needs-mount.service", NEEDS_MOUNT)
    tree.run("systemctl", "enable", "needs-mount.service")
    with Disk(tree.path + "-released", 64 << 20) as disk:
        subprocess.run(["mkfs.ext4", "-q", disk.node], check=True)
        configure(tree, disk, SETTINGS, MetadataService.ENDPOINT)
        with stage.machine() as machine, MetadataService(machine, tree.path + "-released") as metadata:
            arrive(machine, disk)
            after_a_notice(stage.report, machine, disk, metadata)
        prove_clean(stage.report.check, disk)
        with stage.machine() as machine:
            arrive(machine, disk)
            by_hand(stage.report.check, machine)
    tree.run("systemctl", "disable", "needs-mount.service")
    for service in ("writer.service", "needs-mount.service"):
        os.remove(tree.file(f"/etc/systemd/system/{service}"))


def arrive(machine, disk):
    disk.attach(machine)
    machine.run("systemctl", "start", ARRIVAL)
    for unit in ("writer.service", WATCH):
        machine.wait_until("active", unit)
    # Where the volume came before the boot was complete, systemd has left it out: there was no mount unit to require.
    machine.run("systemctl", "start", "needs-mount.service")
    machine.wait("the volume to be ready", lambda: ask(machine, "/ready").startswith("200"))


def after_a_notice(report, machine, disk, metadata):
    check = report.check
    machine.run(*HOLDER)
    begin = time.monotonic()
    metadata.tell("Terminated")
    machine.wait("the holder to be named", lambda: "(sleep)" in machine.journal("--unit", RELEASE))
    check("a holder of another user is named", True)
    machine.wait("the watcher to see it", lambda: '"status":"releasing"' in ask(machine, "/health"))
    pages = [ask(machine, page)[:3] for page in ("/health", "/ready")]
    check("meanwhile /health is 200, releasing, and /ready 503", pages == ["200", "503"], pages)
    states = {
        unit: machine.state(unit)["ActiveState"]
        for unit in ("writer.service", "needs-mount.service", "dependent.service", TARGET, UNIT)
    }
    check(
        "what is bound to the volume, what requires its mount, and the agent have stopped",
        set(states.values()) == {"inactive"},
        states,
    )
    check(
        "the holder goes on, and the volume stays",
        machine.state("holder.service")["ActiveState"] == "active" and len(machine.mounts("/data")) == 1,
    )
    held = time.monotonic()
    machine.run("systemctl", "stop", "holder.service")
    machine.wait("the release", lambda: machine.journal("--unit", RELEASE, "AUTOHEAL_OUTCOME=released"))
    now = time.monotonic()
    report.figure(
        "from the notice to a release that waits for a holder",
        f"{now - begin:.1f} s, of which {now - held:.1f} s after it had let go",
    )
    check("nothing is mounted, and nobody has the device", machine.mounts("/data") == [] and is_free(disk))
    machine.wait("the unit to end", lambda: machine.state(RELEASE)["ActiveState"] == "inactive")
    check("the release succeeded", machine.state(RELEASE)["Result"] == "success", machine.state(RELEASE))
    machine.wait("the last word on the console", lambda: "The volume is released" in machine.said())
    machine.wait("the watcher to see it", lambda: '"status":"released"' in ask(machine, "/health"))
    pages = [ask(machine, page)[:3] for page in ("/health", "/ready", "/live")]
    check("/health is 200, released, and /ready 503", pages == ["200", "503", "200"], pages)
    status = machine.try_to("autoheal-agent", "status")
    check("status says released, and 69", status.returncode == 69 and "released" in status.stdout, status.stdout)
    for unit in (UNIT, ARRIVAL):
        machine.run("systemctl", "start", unit)
    by_hand = machine.try_to("autoheal-agent", "mount")
    check("nothing mounts it again", machine.mounts("/data") == [] and by_hand.returncode == 69, by_hand.stderr)
    check("and the unit is skipped, not failed", machine.state()["ActiveState"] == "inactive", machine.state())
    failed = machine.run("systemctl", "list-units", "--failed", "--plain", "--no-legend", "autoheal*")
    check("nothing of ours failed", failed == "", failed)
    complaints = (
        machine.journal("--unit", RELEASE, "--grep", "not permitted|denied")
        if "denied" in machine.journal("--unit", RELEASE)
        else ""
    )
    check("nothing complains about the sandbox", complaints == "", complaints)


def prove_clean(check, disk):
    features = subprocess.run(["dumpe2fs", "-h", disk.node], check=True, capture_output=True, text=True).stdout
    check(
        "the file system is clean, with nothing in its journal",
        "needs_recovery" not in features and "state:         clean" in features,
        features,
    )
    rows = subprocess.run(["debugfs", "-R", "cat /rows", disk.node], check=True, capture_output=True, text=True).stdout
    check("what the service wrote as it stopped is in the volume", "row\nthe last row\n" in rows, rows[-100:])


def by_hand(check, machine):
    machine.run(*HIDDEN)
    machine.wait("its namespace", lambda: machine.runs("sleep"))
    first = machine.try_to("autoheal-agent", "release", "--wait", "1")
    check(
        "a mount in another namespace is no release",
        first.returncode == 69 and "only" in first.stderr and "released." not in first.stderr,
        first.stderr,
    )
    machine.run("systemctl", "stop", "hidden.service")
    second = machine.try_to("autoheal-agent", "release")
    check("and is one once that is gone", second.returncode == 0 and "outcome=released" in second.stderr, second.stderr)
    machine.run("systemctl", "start", ARRIVAL)
    check(
        "a volume that arrives is left alone",
        machine.mounts("/data") == [] and machine.state()["ActiveState"] == "inactive",
    )
    # As a timer or a socket does.
    wanted = machine.try_to("systemctl", "start", "dependent.service")
    check(
        "nor does a service that wants it mount it",
        wanted.returncode != 0 and machine.mounts("/data") == [],
        wanted.stderr,
    )
    check(
        "and the log says what does",
        "systemctl start autoheal-agent" in machine.journal("--unit", UNIT),
        machine.journal("--unit", UNIT),
    )
    machine.run("systemctl", "start", UNIT)
    for unit in ("writer.service", "needs-mount.service", "dependent.service"):
        machine.wait_until("active", unit)
    check("starting the agent takes it back, with all that is bound to it", len(machine.mounts("/data")) == 1)
    machine.wait("the watcher to see it", lambda: ask(machine, "/ready").startswith("200"))
    errors = machine.journal("--unit", WATCH, "--priority", "err")
    check("the watcher has called nothing failed", errors == "", errors)


def is_free(disk):
    try:
        os.close(os.open(disk.node, os.O_RDONLY | os.O_EXCL))
    except OSError:
        return False
    return True
