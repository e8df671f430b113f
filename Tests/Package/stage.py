"""What every stage of the units begins with: the machine, its volume, its configuration, and a service on it."""

import dataclasses

import trees
from machine import DROP_IN, EXAMPLES, TARGET, Disk, Machine

# The shipped limits would take 20 minutes to be reached.
SHORTER = "[Unit]\nStartLimitBurst=3\n[Service]\nRestartSec=2\n"
DEPENDENT = """\
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/touch /data/dependent
"""
# A leftover of an installation without the agent; those of devices are ignored in a container.
LEFTOVER = "leftover /data ext4 defaults,nofail 0 2\n"


@dataclasses.dataclass
class Stage:
    """What every stage is given; it may rely on nothing that another one has left."""

    report: object
    tree: trees.Tree
    disk: Disk
    deb: str
    newer: str
    log: str

    def machine(self):
        return Machine(self.tree, self.log)


def bind_service(tree):
    tree.write(DROP_IN, SHORTER)
    bind(tree, "dependent.service", DEPENDENT)


def bind(tree, service, text):
    tree.write(f"/etc/systemd/system/{service}", text)
    with open(tree.file(f"{EXAMPLES}/bound-service.conf")) as example:
        tree.write(f"/etc/systemd/system/{service}.d/autoheal.conf", example.read())
    tree.run("systemctl", "add-wants", TARGET, service)


def configure(tree, disk, further="", metadata=None):
    service = f'metadata-endpoint = "{metadata}"' if metadata else "metadata-disabled = true"
    tree.write(
        "/etc/autoheal-agent/config.toml",
        f'[agent]\n{service}\n[[volume]]\ndevice = "{disk.node}"\ntries = 2\ninterval = 2\n{further}',
    )
