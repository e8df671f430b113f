"""Lines of /etc/fstab that are not to be mounted: wrong, released, without their package, at a power-off."""

import contextlib
import os
import signal

from fstab_bench import Volume, act, agent_begins_anew, fstab, has, outcome
from machine import MachineError

NEEDS = "[Unit]\n{}\nAfter=late.mount\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/bin/true\n"


def story(stage, disk):
    tree = stage.tree
    stage.disk.erase()
    disk.erase()
    late, data = Volume(disk, "/late", 2), Volume(stage.disk, "/data", 0)
    fstab(tree, None, late.line(",autoheal.trie=3"))
    with stage.machine() as machine:
        act(stage, wrong_at_boot, machine)
        late.forget(tree, machine)
        act(stage, released, tree, machine, late)
        late.forget(tree, machine)
        act(stage, removed, tree, machine, late)
        machine.run("dpkg", "--install", stage.deb)
        late.forget(tree, machine)
        act(stage, called_by_scripts, tree, machine, data, late)


def wrong_at_boot(check, machine):
    machine.wait_until("active", "multi-user.target")
    state = outcome(machine, "failed")
    check(
        "a wrong line at boot fails the agent's unit with 78",
        (state, machine.state()["ExecMainStatus"]) == ("failed", "78"),
        machine.state(),
    )
    check("and the console has the reason", "did you mean 'autoheal.tries'?" in machine.said(), machine.said())


def released(check, tree, machine, late):
    for name, need in (("required", "Requires=late.mount"), ("path", "RequiresMountsFor=/late")):
        tree.write(f"/var/tmp/{name}.service", NEEDS.format(need))
    fstab(tree, machine, late.line())
    late.disk.attach(machine)
    for name in ("required", "path"):
        machine.run("cp", f"/var/tmp/{name}.service", "/run/systemd/system/")
    agent_begins_anew(machine)
    machine.run("systemctl", "start", late.unit)
    machine.run("autoheal-agent", "release", "/late")
    for name in ("required", "path"):
        started = machine.try_to("systemctl", "start", name + ".service")
        check(
            f"a released volume is not mounted for a service ({name})",
            started.returncode != 0 and machine.mounts("/late") == [],
            started,
        )
    by_hand = machine.try_to("mount", "/late")
    check("'mount' takes it back", by_hand.returncode == 0 and len(machine.mounts("/late")) == 1, by_hand)


def removed(check, tree, machine, late):
    fstab(tree, machine, late.line())
    late.begin(machine)
    machine.run("dpkg", "--remove", "autoheal-agent")
    check("a helper that waits ends with the package", late.helpers(machine) == [], late.helpers(machine))
    late.disk.attach(machine)
    machine.wait("what is left of it", lambda: late.helpers(machine) == [] or not late.disk.is_blank())
    check("and a blank volume that comes afterwards stays blank", late.disk.is_blank())


def called_by_scripts(check, tree, machine, data, late):
    """One that is stopped, and one that goes on when its script has ended, as with nohup."""
    fstab(tree, machine, data.line(), late.line())
    for volume, kind in ((data, "mixed"), (late, "none")):
        call = f"mount.autoheal {volume.id} {volume.mount_point} -o {volume.options()} & wait"
        machine.run("systemd-run", "--quiet", f"--unit=script-{kind}", f"--property=KillMode={kind}", "sh", "-c", call)
        machine.wait("it to wait", lambda note=volume.note: has(machine, note))
    machine.run("systemctl", "--no-block", "poweroff")
    with contextlib.suppress(MachineError):
        machine.wait("the power-off", machine.has_ended, 30)
    check("helpers that scripts have called hold no power-off up", machine.has_ended(), machine.console()[-600:])
    if not machine.has_ended():
        os.kill(int(machine.leader), signal.SIGKILL)
