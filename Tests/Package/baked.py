"""An instance whose disk is that of another one: made from its image, or restored."""

import os
import re

from machine import DROP_IN, EXAMPLES, TARGET, UNIT
from trees import ROOT

CONFIG = "/etc/autoheal-agent/config.toml"
FORMER, PRESENT = "i-00000000000000001", "i-00000000000000002"
# What cloud-init's local stage leaves where the firmware does not tell: this early on Nitro, or late as on Xen.
CLOUD_INIT = """\
[Unit]
DefaultDependencies=no
{order}
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c '{wait} mkdir -p /run/cloud-init && echo {instance} >/run/cloud-init/.instance-id'
[Install]
WantedBy=multi-user.target
"""


def story(stage):
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    tree.run("dpkg", "--install", stage.deb)
    disk.erase()
    disk.is_there(tree, UNIT)
    with open(tree.file(f"{EXAMPLES}/replace-instance.conf")) as example:
        tree.write(DROP_IN, example.read())

    cloud_init(tree, PRESENT)
    # Until cloud-init's local stage replaces it, that is the instance before.
    tree.write("/var/lib/cloud/data/instance-id", FORMER + "\n")
    configure(tree, disk, FORMER)
    with stage.machine() as machine:
        machine.wait_until("active", "multi-user.target")
        state = machine.state()
        skipped = (state["ActiveState"], state["Result"]) == ("inactive", "exec-condition")
        check("the unit of a re-baked image is skipped, and not failed", skipped, state)
        check("the policy for instances without data is not taken", not machine.has_ended())
        check("not a byte was written", disk.is_blank())
        console = [line for line in machine.console().splitlines() if "written for another instance" in line]
        right = len(console) == 1 and FORMER in console[0] and PRESENT in console[0] and "config adopt" in console[0]
        check("the console has one line that says why, and what to do", right, machine.console()[-400:])
        target = machine.try_to("systemctl", "start", TARGET)
        check("the target is not reached", machine.state(TARGET)["ActiveState"] == "inactive", target.stderr)
        run_user_data(machine, tree, disk)
        machine.wait_until("active", "dependent.service")
        check("user data writes its own, and the volume is mounted", len(machine.mounts("/data")) == 1)
        with open(tree.file(CONFIG)) as file:
            check("which says that it is this instance's", f'instance-id = "{PRESENT}"' in file.read())
        before = machine.state()["InvocationID"]
        run_user_data(machine, tree, disk, "# another word\n")
        check("another comment in it restarts nothing", machine.state()["InvocationID"] == before)
        check("status says 0", machine.try_to("autoheal-agent", "status").returncode == 0)
    with stage.machine() as machine:
        machine.wait_until("active")
        check("the same instance boots again, and mounts at once", len(machine.mounts("/data")) == 1)

    configure(tree, disk, FORMER)
    with stage.machine() as machine:
        machine.wait_until("active", "multi-user.target")
        machine.run("autoheal-agent", "config", "adopt")
        machine.run("systemctl", "start", UNIT)
        check("a restored instance is released by 'config adopt'", len(machine.mounts("/data")) == 1)

    # On purpose, with a volume that is not there; user data knows better.
    tree.write(CONFIG, '[agent]\nmetadata-disabled = true\n[[volume]]\ndevice = "/dev/loop-none"\ntries = 999\n')
    with stage.machine() as machine:
        machine.wait_until("active", "multi-user.target")
        check("a file that names no instance acts everywhere", machine.state()["ActiveState"] == "activating")
        run_user_data(machine, tree, disk)
        machine.wait_until("active")
        check("user data with other volumes restarts the unit", len(machine.mounts("/data")) == 1)

    # As it comes while the target is started: nobody is there to get a signal.
    late = DROP_IN.replace("test.conf", "late.conf")
    tree.write(late, "[Service]\nExecStartPost=/bin/sleep 5\n")
    tree.write(CONFIG, f'[agent]\nmetadata-disabled = true\n[[volume]]\ndevice = "{disk.node}"\ntries = 5\n')
    with stage.machine() as machine:
        machine.wait("the agent to be done", lambda: machine.state()["SubState"] == "start-post")
        run_user_data(machine, tree, disk)
        machine.wait("a second run", lambda: machine.try_to("autoheal-agent", "config", "changed").returncode == 1)
        state = machine.wait_until("active")
        check("user data that comes as the agent is done restarts the unit, too", state["Result"] == "success", state)
    os.remove(tree.file(late))

    for instance, mounted in ((PRESENT, 1), (FORMER, 0)):
        cloud_init(tree, instance, late=True)
        configure(tree, disk, PRESENT)
        with stage.machine() as machine:
            machine.wait(
                "cloud-init", lambda: machine.try_to("test", "-e", "/run/cloud-init/.instance-id").returncode == 0
            )
            machine.wait_until("active", "cloud-init-local.service")
            if mounted:
                machine.wait_until("active")
            else:
                machine.wait("the second start", lambda: "written for another instance" in machine.console())
            lines = re.findall(r"nothing tells yet which one this is", machine.console())
            check(f"Xen, {'same' if mounted else 'other'} instance: it does not know at first", len(lines) == 1, lines)
            check("  and knows when cloud-init does", len(machine.mounts("/data")) == mounted, machine.state())

    with stage.machine() as machine:
        tree.write("/etc/systemd/system/autoheal-agent.service.d/10-power-off-on-failure.conf", "")
        removed = machine.run("autoheal-agent", "prepare-image").splitlines()
        right = f"removed {CONFIG}" in removed and any("10-power-off-on-failure.conf" in line for line in removed)
        check("'prepare-image' leaves no configuration", right and not os.path.exists(tree.file(CONFIG)), removed)
        tree.write(CONFIG, f'[[volume]]\ndevice = "{disk.node}"\n')
        for path in (CONFIG + ".adopt", CONFIG + ".new"):
            tree.write(path, "cut off")
        kept = machine.run("autoheal-agent", "prepare-image")
        left = os.listdir(tree.file("/etc/autoheal-agent"))
        check("nor anything that an interrupted change of it has left", left == ["config.toml"], left)
        check("but one that names no instance", "kept " in kept and os.path.exists(tree.file(CONFIG)), kept)
        os.remove(tree.file(CONFIG))
    with stage.machine() as machine:
        machine.wait_until("active", "multi-user.target")
        check("and the next boot skips the unit", machine.state()["ConditionResult"] == "no")
    tree.run("systemctl", "disable", "cloud-init-local.service", "attach.service")


def cloud_init(tree, instance, late=False):
    order, wait = ("After=basic.target", "sleep 2;") if late else (f"Before={UNIT}", "")
    tree.write(
        "/etc/systemd/system/cloud-init-local.service", CLOUD_INIT.format(order=order, wait=wait, instance=instance)
    )
    tree.run("systemctl", "enable", "cloud-init-local.service")


def configure(tree, disk, instance):
    tree.write(
        CONFIG,
        f'instance-id = "{instance}"\n[agent]\nmetadata-disabled = true\n[[volume]]\ndevice = "{disk.node}"\n',
    )


def run_user_data(machine, tree, disk, comment=""):
    """What autoheal-generate writes for an image that has the package."""
    with open(os.path.join(ROOT, "cloud-init", "user-data.sh")) as file:
        script = file.read().replace("[[volume]]", f"{comment}[agent]\nmetadata-disabled = true\n\n[[volume]]")
    # Not in /var/tmp and not in /run, which are others in the machine.
    tree.write("/root/user-data", script.replace('"/dev/sdf"', f'"{disk.node}"'))
    machine.run("sh", "/root/user-data")
