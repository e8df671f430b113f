"""Scenario 10: the volume is pulled out of a running instance that uses it, and attached again."""

import re

import bound_services
from bound_services import APPLICATION
from guest import UNIT, StagingError

# Works in the volume, and is bound to nothing: only a person can stop it.
HOLDER = "boot-test-holder.service"
HOLD = "cd /data && exec 9>>boot-test/first && exec sleep infinity"
TRACE = "/sys/kernel/tracing"
MNT_DETACH = 2
REFUSED = 69


def story(stories):
    stories.first_instance()
    guest, volume = stories.guest, stories.volume
    stories.report.begin(10, "the volume is pulled while it is used, and attached again")
    check = stories.report.check
    old = mount(guest)
    bound_services.add(guest, APPLICATION)
    guest.output("systemd-run", "--quiet", f"--unit={HOLDER}", "sh", "-c", HOLD)
    holder = process(guest, HOLDER)
    guest.output("sync")

    guest.pull(volume)
    guest.wait_until("the disk to go", lambda: not disk(guest, volume), pause=0.5)
    left = mounts(guest)
    check("the kernel keeps the mount of the disk that is gone", left == [old], left)
    code, said = status(guest)
    check(
        "status is not healthy, and says that the device is gone", code not in (0, 64) and "gone" in said, (code, said)
    )

    guest.attach(volume)
    node = guest.wait_until("the disk to come back", lambda: disk(guest, volume), pause=0.5)
    guest.output("udevadm", "settle")
    check("it comes back under another node", node != old["node"], (node, old))
    check("an arrival alone unmounts nothing", mounts(guest) == [old], mounts(guest))
    code, said = status(guest)
    check("status is not healthy because the volume is back", code != 0, (code, said))
    code, out, error = guest.run("autoheal-agent", "mount")
    refused(stories, "run by a person", code, out + error, node)
    check("  and names who uses it", "(sleep)" in error and holder in error, error)
    said = restart(guest)
    unit = guest.unit()
    refused(stories, "a restart of the unit", int(unit["ExecMainStatus"]), said, node)
    # Without CAP_SYS_PTRACE the unit does not see into a process with more capabilities than its own.
    check("  and names who uses it, or what does", "(sleep)" in said or "'sudo autoheal-agent mount'" in said, said)
    check("  and is not tried again", (unit["ActiveState"], unit["NRestarts"]) == ("failed", "0"), unit)
    stopped = guest.unit(APPLICATION)["ActiveState"]
    check("  the bound service was stopped for it", stopped == "inactive", stopped)
    cwd = guest.output("readlink", f"/proc/{holder}/cwd").strip()
    check("  the mount is as it was, and nothing was detached lazily", mounts(guest) == [old] and cwd == "/data", cwd)

    guest.output("systemctl", "stop", HOLDER)
    trace_umount(guest, "1")
    restart(guest)
    calls = umount_calls(guest)
    trace_umount(guest, "0")
    unit, facts = stories.settle(guest, "/data")
    stories.check_mounted(guest, unit, facts, figures=False)
    now = mounts(guest)
    check("the volume is mounted from its new node, once", [entry["node"] for entry in now] == [node], now)
    check("by umount(2) without MNT_DETACH", calls and not any(flags & MNT_DETACH for flags in calls), calls)
    stories.check_same_data(facts)
    stories.check_active(guest, APPLICATION)


def refused(stories, who, code, said, node):
    check = stories.report.check
    check(f"{who}: refused with {REFUSED}", code == REFUSED, (code, said))
    for words in (
        "gone from the machine: that mount is dead",
        f"It is the same volume as {node}",
        "because it is in use",
        "'systemctl restart autoheal-agent'",
        "'umount -l ",
    ):
        check(f"  it says: {words}", words in said, said)


def restart(guest):
    """Restarts the unit; returns what that run of it has said."""
    guest.run("systemctl", "restart", UNIT)
    guest.output("journalctl", "--sync")
    invocation = guest.output("systemctl", "show", "--property=InvocationID", "--value", UNIT).strip()
    return guest.output("journalctl", "--output=cat", f"_SYSTEMD_INVOCATION_ID={invocation}")


def status(guest):
    code, out, error = guest.run("autoheal-agent", "status")
    return code, out + error


def process(guest, unit):
    return guest.output("systemctl", "show", "--property=MainPID", "--value", unit).strip()


def disk(guest, volume):
    """The node of the volume, as its serial number tells; None if there is none."""
    for line in guest.output("sh", "-c", "grep -H . /sys/block/*/device/serial").splitlines():
        path, _, serial = line.partition(":")
        if serial.strip() == volume.id.replace("-", ""):
            return "/dev/" + path.split("/")[3]
    return None


def mounts(guest):
    """What PID 1 sees at /data, whether or not it is dead: nothing in it is read."""
    found = []
    for line in guest.output("cat", "/proc/1/mountinfo").splitlines():
        fields = line.split()
        if fields[4] == "/data":
            source = line.split(" - ", 1)[1].split()[1]
            found.append({"id": fields[0], "number": fields[2], "node": source})
    return found


def mount(guest):
    found = mounts(guest)
    if len(found) != 1:
        raise StagingError(f"Without a mounted volume the story cannot go on: {found}")
    return found[0]


def trace_umount(guest, switch):
    for name in ("events/syscalls/sys_enter_umount/enable", "tracing_on"):
        guest.output("tee", f"{TRACE}/{name}", stdin=switch)


def umount_calls(guest):
    """The flags of every umount(2) of the agent since the trace began."""
    lines = guest.output("cat", f"{TRACE}/trace").splitlines()
    found = [re.search(r"flags: (?:0x)?([0-9a-f]+)", line) for line in lines if line.lstrip().startswith("autoheal")]
    return [int(match.group(1), 16) for match in found if match]
