"""Runs in the guest, from standard input: says in JSON what is true there, or writes files that would be missed."""

import hashlib
import json
import os
import subprocess
import sys


def output(*command):
    return subprocess.run(command, capture_output=True, text=True)


def mounts_of(pid, mount_point):
    """What a process sees at a mount point, the last one on top: [device number, file system, source, options]."""
    seen = []
    with open(f"/proc/{pid}/mountinfo") as lines:
        for line in lines:
            left, right = line.split(" - ", 1)
            fields = left.split()
            if fields[4] == mount_point:
                filesystem, source, _ = right.split(None, 2)
                seen.append([fields[2], filesystem, source, fields[5]])
    return seen


def namespaces(mount_point):
    """For every mount namespace, a process in it and whether it sees the same mount as PID 1.

    Not the same options: a service that systemd forbids to write sees everything read-only that was there before it.
    """
    seen = lambda pid: [mount[:3] for mount in mounts_of(pid, mount_point)[-1:]]
    wanted = seen(1)
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            namespace = os.readlink(f"/proc/{pid}/ns/mnt")
            if namespace not in found:
                with open(f"/proc/{pid}/comm") as name:
                    # A kernel thread of devtmpfs has a namespace in which there is nothing but /dev.
                    if name.read().strip() == "kdevtmpfs":
                        continue
                with open(f"/proc/{pid}/comm") as name:
                    found[namespace] = [name.read().strip(), seen(pid) == wanted]
        except OSError:
            pass
    return sorted(found.values())


def checksums(directory):
    sums = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                sums[os.path.relpath(path, directory)] = hashlib.sha256(file.read()).hexdigest()
    return sums


def journal(*arguments):
    lines = output("journalctl", "--boot", "--output=json", "--all", *arguments).stdout.splitlines()
    return [json.loads(line) for line in lines]


def kernel_times(node):
    """Seconds on the guest's clock: controller seen, driver ready, file system mounted, file system grown."""
    controller = os.path.basename(os.path.realpath(f"/sys/block/{node}/device"))
    address = os.path.basename(os.path.realpath(f"/sys/block/{node}/device/device"))
    times: dict[str, float] = {}
    for entry in journal("--dmesg", "--output-fields=MESSAGE,_SOURCE_MONOTONIC_TIMESTAMP"):
        message, time = str(entry.get("MESSAGE")), int(entry.get("_SOURCE_MONOTONIC_TIMESTAMP", 0)) / 1e6
        if address in message:
            times.setdefault("added", time)
        if f"nvme {controller}:" in message and "queues" in message:
            times.setdefault("ready", time)
        if f"({node})" in message and "mounted filesystem" in message and "unmount" not in message:
            times.setdefault("mounted", time)
        if f"({node})" in message and "resized filesystem" in message:
            times.setdefault("resized", time)
    return times


def volume(mount_point):
    mounts = mounts_of(1, mount_point)
    facts = {"mounts": mounts}
    if mounts:
        node = os.path.basename(os.path.realpath(mounts[-1][2]))
        size = os.statvfs(mount_point)
        with open(f"/sys/block/{node}/device/serial") as file:
            serial = file.read().strip()
        facts.update(
            node=node,
            serial=serial,
            namespaces=namespaces(mount_point),
            bytes=size.f_blocks * size.f_frsize,
            checksums=checksums(mount_point),
            times=kernel_times(node),
        )
    return facts


def status():
    result = output("autoheal-agent", "status", "--json")
    try:
        volumes = json.loads(result.stdout)
    except ValueError:
        volumes = []
    return {"exit": result.returncode, "volumes": volumes, "text": (result.stdout + result.stderr)[-2000:]}


def boot_chain():
    """Seconds since the kernel started at which the stages of the boot began or ended."""

    def time(name, *unit):
        text = output("systemctl", "show", *unit, "--property=" + name, "--value").stdout.strip()
        return int(text) / 1e6 if text.isdigit() and text != "0" else None

    return {
        "systemd": time("UserspaceTimestampMonotonic"),
        "cloud-init-local ended": time("ExecMainExitTimestampMonotonic", "cloud-init-local.service"),
        # It got another name with cloud-init 24.3.
        "cloud-init ended": time("ExecMainExitTimestampMonotonic", "cloud-init.service")
        or time("ExecMainExitTimestampMonotonic", "cloud-init-network.service"),
        "user scripts began": time("ExecMainStartTimestampMonotonic", "cloud-final.service"),
        "agent began": time("ExecMainStartTimestampMonotonic", "autoheal-agent.service"),
        "agent ended": time("ExecMainExitTimestampMonotonic", "autoheal-agent.service"),
        "user scripts ended": time("ExecMainExitTimestampMonotonic", "cloud-final.service"),
    }


def facts(*mount_points):
    own = lambda entry: {key: value for key, value in entry.items() if not key.startswith("_")}
    return {
        "volumes": {mount_point: volume(mount_point) for mount_point in mount_points},
        "status": status(),
        "systemd": int(output("systemctl", "--version").stdout.split()[1]),
        "journal": [own(entry) for entry in journal("--unit=autoheal-agent.service")],
        # Of whichever unit: a line that comes with the end of its process may have none.
        "complaints": [entry.get("MESSAGE") for entry in journal("--grep=thread priority")],
        "boot": boot_chain(),
        "boot_id": open("/proc/sys/kernel/random/boot_id").read().strip(),
        "ec2_names": [name for name in os.listdir("/dev") if name.startswith(("sd", "xvd"))],
        "cloud_init": output("cloud-init", "status", "--long").stdout,
    }


def write(directory):
    os.makedirs(os.path.join(directory, "a", "b"))
    for name, size in (("first", 3), ("a/second", 100_000), ("a/b/third", 8 << 20)):
        with open(os.path.join(directory, name), "wb") as file:
            file.write(os.urandom(size))
            file.flush()
            os.fsync(file.fileno())
    os.sync()
    return checksums(directory)


print(json.dumps({"facts": facts, "write": write}[sys.argv[1]](*sys.argv[2:])))
