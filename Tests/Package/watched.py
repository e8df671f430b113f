"""The watcher under a real systemd: who it is, what it answers, and that a file system grows below a service."""

import os
import subprocess
import sys

from machine import UNIT, Disk

WATCH = "autoheal-watch.service"
PORT = 9465
HEALTH = f'[health]\nlisten = "127.0.0.1:{PORT}"\ninterval = 2\nrequire-services = ["dependent.service"]\n'
# Bytes; below the smallest xfs there is, mkfs.xfs refuses.
SMALL, LARGE = 512 << 20, 1 << 30
ASK = f"""
import sys, urllib.error, urllib.request
try:
    answer = urllib.request.urlopen("http://127.0.0.1:{PORT}" + sys.argv[1], timeout=10)
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, answer.read().decode())
"""
# Half of them say nothing, half of them begin a request; all are there at once, and a last one is answered.
CROWD = f"""
import resource, socket
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
crowd = []
for number in range(1000):
    connection = socket.create_connection(("127.0.0.1", {PORT}), 10)
    connection.sendall(b"GET /hea" if number % 2 else b"")
    crowd.append(connection)
last = socket.create_connection(("127.0.0.1", {PORT}), 10)
last.sendall(b"GET /ready HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
print(last.recv(100).split(b"\\r\\n")[0].decode())
print(next(line for line in open("/proc/%s/status" % __import__("sys").argv[1]) if line.startswith("VmRSS")).split()[1])
"""


def story(stage, configure):
    check, tree = stage.report.check, stage.tree
    with Disk(tree.path + "-watched", SMALL) as disk:
        subprocess.run(["mkfs.xfs", "-q", disk.node], check=True)
        configure(tree, disk, HEALTH)
        with stage.machine() as machine:
            disk.attach(machine)
            machine.wait_until("active", "dependent.service")
            watcher = machine.wait_until("active", WATCH)
            prove_identity(check, machine, watcher["MainPID"])
            machine.wait("the volume to be ready", lambda: ask(machine, "/ready").startswith("200"))
            page = ask(machine, "/health")
            check(
                "/health is 200, healthy, and names the mount point to this machine",
                page.startswith("200") and '"status":"healthy"' in page and "/data" in page,
                page,
            )
            text = machine.run("systemctl", "show", WATCH, "--property=StatusText", "--value")
            check(
                "its status is in systemctl status", text.strip() == "/data: healthy, dependent.service: healthy", text
            )
            prove_cost(stage.report, machine, watcher["MainPID"])
            prove_growth(check, machine, disk)

            machine.run("systemctl", "kill", "--signal=KILL", WATCH)
            again = machine.wait("another watcher", lambda: other(machine, watcher))
            states = [machine.state(unit)["ActiveState"] for unit in (UNIT, "dependent.service")]
            check(
                "when it is killed, nothing else happens, and it comes again",
                states == ["active", "active"] and again,
                states,
            )

            # A service that it has never seen is starting, not missed.
            machine.wait("the service to be seen", lambda: ask(machine, "/ready").startswith("200"))
            machine.run("systemctl", "stop", "dependent.service")
            machine.wait("the required service to be missed", lambda: ask(machine, "/health").startswith("503"))
            entries = machine.journal("--unit", WATCH, "AUTOHEAL_HEALTH_STATE=failed", "--output=cat")
            check("the log says so once, as an error", entries.count("could cure it: dependent.service") == 1, entries)
            machine.run("systemctl", "start", "dependent.service")
            machine.wait("the required service to be back", lambda: ask(machine, "/ready").startswith("200"))

            configure(tree, disk)
            machine.wait("nobody to listen", lambda: ask(machine, "/live") == "")
            check(
                "it heeds the file when that changes",
                machine.state(WATCH)["ActiveState"] == "active",
                machine.state(WATCH),
            )


def prove_identity(check, machine, process):
    with open(f"/proc/{host_process(process)}/status") as file:
        fields = dict(line.split(":", 1) for line in file.read().splitlines())
    user = machine.run("id", "-u", "autoheal-watch").strip()
    check("it is a user of its own", set(fields["Uid"].split()) == {user} and user != "0", fields["Uid"])
    capabilities = {name: int(fields[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")}
    check("with no capability but CAP_DAC_READ_SEARCH", set(capabilities.values()) == {1 << 2}, capabilities)


def prove_cost(report, machine, process):
    answer, resident = in_network(machine, CROWD, host_process(process)).split("\n")[:2]
    report.check("a thousand slow clients keep nobody out", answer == "HTTP/1.1 200 OK", answer)
    report.figure("memory of the watcher with 1000 connections", f"{int(resident) / 1024:.1f} MiB")
    report.check("it stays below 40 MiB then", int(resident) < 40 << 10, resident)


def prove_growth(check, machine, disk):
    before = machine.state("dependent.service")["InvocationID"]
    os.truncate(disk.image, LARGE)
    subprocess.run(["losetup", "--set-capacity", disk.node], check=True)
    machine.wait("the file system to grow", lambda: size(machine) > LARGE * 0.9)
    after = machine.state("dependent.service")
    check(
        "an enlarged volume grows while its service goes on",
        (after["InvocationID"], after["ActiveState"]) == (before, "active"),
        after,
    )
    grow = machine.wait_until("inactive", "autoheal-grow.service")
    check("by a unit of its own, once", grow["Result"] == "success", grow)
    entries = machine.journal("--unit", "autoheal-grow.service")
    check("which says so once", entries.count("has grown, and fills its device") == 1, entries)


def size(machine):
    blocks, unit = machine.run("stat", "--file-system", "--format=%b %S", "/data").split()
    return int(blocks) * int(unit)


def other(machine, watcher):
    now = machine.state(WATCH)
    return now["ActiveState"] == "active" and now["MainPID"] != watcher["MainPID"]


def ask(machine, page):
    """Status and body; nothing if nobody answers."""
    return in_network(machine, ASK, page, check=False)


def in_network(machine, program, *arguments, check=True):
    """By this machine's Python, with the container's network."""
    command = ["nsenter", "--target", machine.leader, "--net", sys.executable, "-c", program, *arguments]
    return subprocess.run(command, check=check, capture_output=True, text=True).stdout.strip()


def host_process(process):
    """The process id outside of one inside."""
    for candidate in os.listdir("/proc"):
        if candidate.isdigit():
            try:
                with open(f"/proc/{candidate}/status") as status:
                    ids = next((line.split()[1:] for line in status if line.startswith("NSpid:")), [])
            except OSError:
                continue
            if len(ids) > 1 and ids[-1] == process:
                with open(f"/proc/{candidate}/comm") as name:
                    if name.read().startswith("autoheal"):
                        return candidate
    raise RuntimeError(f"no process {process} of the container")
