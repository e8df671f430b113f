"""A first boot whose installation by user data is interrupted, and the boots after it."""

import hashlib
import os
import re
import shutil
import signal

from baked import CONFIG, PRESENT, cloud_init
from machine import DROP_IN, UNIT
from trees import ROOT

# Stands in for the network that the machine does not have; says what curl says.
CURL = """\
#!/bin/sh
[ -e /root/online ] || { echo "curl: (7) Failed to connect to packages.example.com port 443" >&2; exit 7; }
until [ "$1" = --output ]; do shift; done
cp /root/package.deb "$2"
"""
LEFT = [
    "/etc/systemd/system/autoheal-install.service",
    "/etc/systemd/system/autoheal-installed.service",
    "/etc/systemd/system/multi-user.target.wants/autoheal-install.service",
    "/etc/systemd/system/autoheal-data.target.wants/autoheal-installed.service",
]


def story(stage):
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    tree.run("dpkg", "--purge", "autoheal-agent")
    disk.erase()
    tree.write(DROP_IN, "[Service]\nRestartSec=2\n")
    shutil.copy(tree.file(stage.deb), tree.file("/root/package.deb"))
    tree.write("/usr/local/bin/curl", CURL, 0o755)
    tree.write("/root/user-data", user_data(tree.file(stage.deb), disk.node))
    cloud_init(tree, PRESENT)

    with stage.machine() as machine:
        machine.wait_until("active", "multi-user.target")
        # As cloud-init's last stage does.
        machine.run("systemd-run", "--unit=cloud-final", "--no-block", "sh", "/root/user-data")
        machine.wait("the first try", lambda: "try 1" in machine.console())
        check("the console has the reason", "Failed to connect to packages.example.com" in machine.console())
        os.kill(int(machine.leader), signal.SIGKILL)
        machine.wait("the machine to lose its power", machine.has_ended)
    check("a unit is left", all(os.path.lexists(tree.file(path)) for path in LEFT))

    # The power goes once more, in the middle of dpkg.
    tree.run("dpkg", "--unpack", stage.deb)
    tree.write("/root/online", "")
    with stage.machine() as machine:
        machine.wait_until("active", "multi-user.target")
        machine.wait_until("activating")
        status = machine.run("dpkg-query", "-W", "-f", "${Status}", "autoheal-agent")
        check("the next boot goes on, and repairs a half-configured package", status == "install ok installed", status)
        machine.wait(
            "the script to end", lambda: machine.state("autoheal-install.service")["ActiveState"] == "inactive"
        )
        left = [path for path in LEFT if machine.try_to("test", "-e", path).returncode]
        check("it stays until the volume is mounted", left == [], left)
        disk.attach(machine)
        machine.wait_until("active", "dependent.service")
        check("the volume is mounted", len(machine.mounts("/data")) == 1)
        machine.wait("it to go", lambda: all(machine.try_to("test", "-e", path).returncode for path in LEFT))
        check("and then it is gone", not any(os.path.lexists(tree.file(path)) for path in LEFT))
        with open(tree.file(CONFIG)) as file:
            check("the configuration says that it is this instance's", f'instance-id = "{PRESENT}"' in file.read())
    disk.is_there(tree, UNIT)
    with stage.machine() as machine:
        machine.wait_until("active", "dependent.service")
        state = machine.state("autoheal-install.service")["ActiveState"]
        check(
            "the boot after that installs nothing",
            state == "inactive" and "autoheal-install:" not in machine.console(),
            state,
        )
    os.remove(tree.file("/usr/local/bin/curl"))
    tree.run("systemctl", "disable", "cloud-init-local.service", "attach.service")


def user_data(deb, node):
    """What autoheal-generate writes for a package at an address, as Terraform would fill it in."""
    with open(deb, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    values = {"package_url": "https://packages.example.com/autoheal-agent.deb", "package_sha256": digest}
    with open(os.path.join(ROOT, "cloud-init", "terraform", "user-data.tftpl")) as file:
        text = re.sub(r"(?<!\$)\$\{(package_\w+)\}", lambda match: values[match.group(1)], file.read())
    table = f'[agent]\nmetadata-disabled = true\n\n[[volume]]\ndevice = "{node}"\n'
    text = re.sub(r"\[\[volume\]\]\n.*?(?=END_OF_FILE)", table, text, count=1, flags=re.S)
    return text.replace("$${", "${").replace("%%{", "%{")
