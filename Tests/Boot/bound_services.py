"""Services that need the volume, with the drop-in that the package ships, put into a guest that runs."""

import os

TARGET = "autoheal-data.target"
EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "packaging", "examples")

# One that works in the volume, as a database does.
APPLICATION = "boot-test-application.service"
# Those that write when the volume has been unmounted, or after 3 s of having it: the bare mount point takes nothing.
LAST_WRITE, EARLY_LAST_WRITE = "boot-test-last-write.service", "boot-test-early-last-write.service"
LAST_WRITES = """\
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/true
ExecStop=/bin/sh -c 'for i in 1 2 3; do mountpoint -q /data || break; sleep 1; done; echo written >/data/%N'
"""
TEXTS = {
    APPLICATION: """\
[Service]
ExecStart=/bin/sh -c 'cd /data && exec sleep infinity'
""",
    LAST_WRITE: LAST_WRITES,
    EARLY_LAST_WRITE: LAST_WRITES,
}
DROP_INS = {EARLY_LAST_WRITE: "early-bound-service.conf"}


def add(guest, name):
    """As documented: the drop-in, and wanted by the target alone."""
    write(guest, f"/etc/systemd/system/{name}.d/autoheal.conf", drop_in(name))
    write(guest, f"/etc/systemd/system/{name}", TEXTS[name])
    guest.output("systemctl", "add-wants", TARGET, name)
    guest.output("systemctl", "start", name)


def drop_in(name, mount_point="/data", example=None):
    """As a person adapts it to another mount point."""
    with open(os.path.join(EXAMPLES, example or DROP_INS.get(name, "bound-service.conf"))) as file:
        unit = mount_point.strip("/").replace("/", "-") + ".mount"
        return file.read().replace("data.mount", unit).replace("=/data", "=" + mount_point)


def write(guest, path, text):
    guest.output("sh", "-c", 'mkdir -p "${0%/*}" && cat >"$0"', path, stdin=text)
