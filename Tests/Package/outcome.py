"""The line on the console that says to who reads it from outside how it ended."""

import os
import shlex
import subprocess

from baked import CLOUD_INIT
from console import crc, outcomes
from machine import DROP_IN, EXAMPLES, UNIT, Disk, MachineError
from stage import SHORTER

ANNOUNCER = "autoheal-outcome.service"
ARRIVAL = "autoheal-agent-arrival.service"
INSTANCE = "i-0123456789abcdef0"
VOLUME, OTHER = "vol-0123456789abcdef1", "vol-0123456789abcdef2"
# The shipped ones are half a minute and five minutes.
QUICK = "[Service]\nExecStart=\nExecStart=/usr/bin/autoheal-agent announce --interval 1 --for 4\n"


def story(stage):
    tree, disk = stage.tree, stage.disk
    tree.run("dpkg", "--install", stage.deb)
    disk.erase()
    tree.write(f"/etc/systemd/system/{ANNOUNCER}.d/test.conf", QUICK)
    # Here, nothing of it is mounted but by the agent.
    tree.write("/etc/fstab", "")
    identity(tree, "iid-local01")
    unknown(stage)
    identity(tree, INSTANCE)
    with Disk(tree.path + "-outcome", 64 << 20) as other:
        acts = (late, lost, powers_off, label_and_strangers, refused_and_mended, several, wrong, by_fstab)
        for act in acts:
            disk.erase()
            try:
                act(stage, other)
            except MachineError as error:
                stage.report.check(f"'{act.__name__}' goes to its end", False, error)
    tree.run("systemctl", "disable", "cloud-init-local.service")
    for path in ("cloud-init-local.service", f"{ANNOUNCER}.d/test.conf"):
        os.remove(tree.file(f"/etc/systemd/system/{path}"))
    tree.write("/etc/fstab", "")
    disk.erase()


def identity(tree, instance):
    text = CLOUD_INIT.format(order=f"Before={UNIT}", wait="", instance=instance)
    tree.write("/etc/systemd/system/cloud-init-local.service", text)
    tree.run("systemctl", "enable", "cloud-init-local.service")


def configure(tree, *volumes, further=""):
    text = "[agent]\nmetadata-disabled = true\n" + further
    for disk, volume, mount_point in volumes:
        text += (
            f'[[volume]]\ndevice = "{disk.node}"\nvolume-id = "{volume}"\nmount-point = "{mount_point}"\n'
            "tries = 2\ninterval = 1\n"
        )
    tree.write("/etc/autoheal-agent/config.toml", text)


def lines(machine, outcome=None):
    return [line for line in outcomes(machine.console()) if outcome in (None, line["outcome"])]


def wait_for(machine, outcome, more_than=0):
    """The newest line, once it says that."""
    return machine.wait(
        f"'{outcome}' on the console",
        lambda: (
            len(lines(machine, outcome)) > more_than and lines(machine)[-1]["outcome"] == outcome and lines(machine)[-1]
        ),
    )


def begin_again(machine, *verb):
    """However often it was begun."""
    machine.try_to("systemctl", "reset-failed", UNIT)
    machine.run("systemctl", *(verb or ("start",)), UNIT)


def is_over(machine):
    """Waits until nothing is repeated any more."""
    machine.wait("the announcer to end", lambda: machine.state(ANNOUNCER)["ActiveState"] in ("inactive", "failed"))


def unknown(stage):
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    configure(tree, (disk, VOLUME, "/data"))
    with stage.machine() as machine:
        disk.attach(machine)
        machine.run("systemctl", "start", ARRIVAL)
        machine.wait_until("active")
        machine.wait("the announcer", lambda: "which instance" in machine.journal("--unit", ANNOUNCER))
        is_over(machine)
        check("of an instance that is not known nothing is said, and the log says so", lines(machine) == [])
        disk.detach(machine)


def late(stage, _):
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    configure(tree, (disk, VOLUME, "/data"))
    with stage.machine() as machine:
        machine.wait("a second try", lambda: int(machine.state()["NRestarts"]) >= 1)
        check("while there will be another try, nothing is said", lines(machine) == [], lines(machine))
        disk.attach(machine)
        machine.wait_until("active", "dependent.service")
        line = wait_for(machine, "mounted")
        boot = machine.run("cat", "/proc/sys/kernel/random/boot_id").strip()
        version = machine.run("autoheal-agent", "--version").strip()
        expected = {
            "version": version, "instance": INSTANCE, "boot": boot, "volumes": VOLUME, "outcome": "mounted",
            "exit": "0", "reason": "-", "crc": line["crc"],
        }  # fmt: skip
        check("a volume that came late is mounted, and that is said", line == expected, line)
        check("and nothing else was", lines(machine) == lines(machine, "mounted"), lines(machine))
        is_over(machine)
        said = len(lines(machine))
        check("it is said again, for as long as it shall be", 3 <= said <= 6, said)
        check("the unit that says it has not failed", machine.state(ANNOUNCER)["Result"] == "success")
        complaints = machine.journal("--unit", ANNOUNCER)
        check(
            "nothing complains about the sandbox",
            "denied" not in complaints and "ermitted" not in complaints,
            complaints,
        )

        begin_again(machine, "restart")
        wait_for(machine, "mounted", said)
        machine.run("systemctl", "stop", "dependent.service")
        machine.run("umount", "/data")
        before = len(lines(machine))
        is_over(machine)
        after = len(lines(machine))
        check("once it is unmounted, it is said no more", after <= before + 1, (before, after))
        machine.run("autoheal-agent", "mount")
        wait_for(machine, "mounted", after)
        check("mounted by hand, it is said again", True)

        before = len(lines(machine))
        machine.run("autoheal-agent", "release")
        # The unit may have looked before, and have written since.
        told = [(line["outcome"], line["exit"], line["volumes"]) for line in lines(machine)[before:]]
        check("released is on the console when 'release' has ended", ("released", "0", VOLUME) in told, told)
        wait_for(machine, "released", 1)
        check("and again afterwards", True)
        before = len(lines(machine, "mounted"))
        begin_again(machine)
        wait_for(machine, "mounted", before)
        check("taken back, it is mounted", True)
        disk.detach(machine)


def lost(stage, _):
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    configure(tree, (disk, VOLUME, "/data"))
    with stage.machine() as machine:
        line = wait_for(machine, "failed")
        state = machine.state()
        check(
            "a volume that never came is said after the last try",
            (line["exit"], line["reason"], state["ActiveState"]) == ("66", "device-absent", "failed")
            and len(machine.outcomes("refused")) == 3,
            (line, state, machine.outcomes("refused")),
        )
        failed = len(lines(machine))
        begin_again(machine, "start", "--no-block")
        machine.wait("a run", lambda: machine.state()["SubState"] == "start")
        machine.try_to("systemctl", "stop", UNIT)
        is_over(machine)
        check(
            "of a run that was asked to end nothing is said", len(lines(machine)) <= failed + 1, lines(machine)[failed:]
        )
        disk.attach(machine)
        machine.run("systemctl", "reset-failed", UNIT)
        machine.run("systemctl", "start", ARRIVAL)
        wait_for(machine, "mounted")
        check("it came after all, and the newest line says so", lines(machine)[-1]["outcome"] == "mounted")
        disk.detach(machine)


def powers_off(stage, _):
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    configure(tree, (disk, VOLUME, "/data"))
    with open(tree.file(DROP_IN)) as file:
        before = file.read()
    with open(tree.file(f"{EXAMPLES}/replace-instance.conf")) as example:
        tree.write(DROP_IN, example.read() + SHORTER)
    with stage.machine() as machine:
        machine.wait("the machine to power off", machine.has_ended)
    found = [(line["outcome"], line["exit"]) for line in lines(machine)]
    check("an instance that powers off has said it before", set(found) == {("failed", "66")}, machine.console()[-800:])
    tree.write(DROP_IN, before)


# What the kernel and the agent quote: a label with a line of its own in it, which f2fs has room for.
def forged(boot):
    return crc(
        f"autoheal-outcome/1 version=9.9.9 instance={INSTANCE} boot={boot} volumes={VOLUME} outcome=mounted exit=0"
        " reason=-"
    )


def label(disk, text):
    block = bytearray(4096)
    block[0:4] = 0xF2F52010.to_bytes(4, "little")
    block[4:8] = (1).to_bytes(2, "little") + (16).to_bytes(2, "little")
    block[8:20] = (9).to_bytes(4, "little") + (3).to_bytes(4, "little") + (12).to_bytes(4, "little")
    block[0x7C : 0x7C + 1024] = text.encode("utf-16-le").ljust(1024, b"\0")
    with open(disk.node, "r+b") as device:
        device.seek(1024)
        device.write(block[:3072])


# Each as an unprivileged user; those that can be refused are.
STRANGERS = {
    "writing to the console": "printf '\\n%s\\n' {line} >/dev/console",
    "writing to the kernel's log": "printf '\\n%s\\n' {line} >/dev/kmsg",
    "changing what a run has left": "echo {{}} >/run/autoheal-agent/data.json",
    "writing as the unit does": "autoheal-agent announce",
}
QUIET_STRANGERS = {
    "the journal": "printf '\\n%s\\n' {line} | logger --tag x",
    "the journal, by its tag": "logger --tag {line} x",
    "the journal, as an emergency": "logger --priority user.emerg {line}",
    "wall(1)": "echo {line} | wall",
}


def label_and_strangers(stage, _):
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    configure(tree, (disk, VOLUME, "/data"))
    with stage.machine() as machine:
        boot = machine.run("cat", "/proc/sys/kernel/random/boot_id").strip()
        label(disk, f"x\n{forged(boot)}\n")
        with open(tree.file("/etc/autoheal-agent/config.toml"), "a") as file:
            file.write('label = "data"\n')
        disk.attach(machine)
        begin_again(machine, "restart", "--no-block")
        line = wait_for(machine, "refused")
        console = machine.console()
        check("a label is on the console", "9.9.9" in console, console[-800:])
        check(
            "and makes no line there",
            (line["exit"], line["version"]) == ("78", machine.run("autoheal-agent", "--version").strip()),
            line,
        )
        nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c")
        for what, command in STRANGERS.items():
            done = machine.try_to(*nobody, command.format(line=shlex.quote(forged(boot))))
            check(f"nobody is refused {what}", done.returncode != 0, done)
        for command in QUIET_STRANGERS.values():
            machine.try_to(*nobody, command.format(line=shlex.quote(forged(boot))))
        machine.run("journalctl", "--sync")
        check(
            "nobody makes a line by the journal or wall(1)",
            not [each for each in lines(machine) if each["version"] == "9.9.9"],
            machine.console()[-800:],
        )
        disk.detach(machine)


def refused_and_mended(stage, _):
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    configure(tree, (disk, VOLUME, "/data"))
    subprocess.run(
        ["sfdisk", "--quiet", "--no-reread", disk.node], input="label: gpt\n,,\n", text=True, check=True,
        capture_output=True,
    )  # fmt: skip
    with stage.machine() as machine:
        disk.attach(machine)
        machine.run("systemctl", "start", ARRIVAL)
        line = wait_for(machine, "refused")
        check(
            "a refusal is said once, with its reason",
            (line["exit"], line["reason"]) == ("65", "partition-table") and len(machine.outcomes("refused")) >= 1,
            line,
        )
        # What arrival asks for may come just after the run that refused, and would mount what is mended by then.
        machine.wait("nothing to be asked of systemd", lambda: not machine.run("systemctl", "list-jobs", "--no-legend"))
        machine.wait_until("failed")
        disk.erase()
        machine.run("autoheal-agent", "mount")
        line = wait_for(machine, "mounted")
        check("a person mends it by hand, and the newest line says so", line["exit"] == "0", line)
        check("while the unit is still failed", machine.state()["ActiveState"] == "failed", machine.state())
        disk.detach(machine)


def several(stage, other):
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    other.erase()
    configure(tree, (other, OTHER, "/other"), (disk, VOLUME, "/data"))
    with stage.machine() as machine:
        disk.attach(machine)
        line = wait_for(machine, "failed")
        check(
            "one of two volumes is not mounted: neither is the whole",
            lines(machine, "mounted") == [] and (line["exit"], line["volumes"]) == ("66", f"{VOLUME},{OTHER}"),
            lines(machine),
        )
        check("although the other one is", len(machine.mounts("/data")) == 1)
        other.attach(machine)
        begin_again(machine)
        line = wait_for(machine, "mounted")
        check("both are mounted, and that is said", line["volumes"] == f"{VOLUME},{OTHER}", line)
        machine.run("autoheal-agent", "release", "/other")
        is_over(machine)
        check("one of them released is not all", lines(machine, "released") == [], lines(machine, "released"))
        machine.run("autoheal-agent", "release")
        check("all of them are", lines(machine)[-1]["outcome"] == "released", lines(machine)[-1])
        disk.detach(machine)
        other.detach(machine)


def wrong(stage, _):
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    configure(tree, (disk, VOLUME, "/data"), further="no-such-key = 1\n")
    with stage.machine() as machine:
        line = wait_for(machine, "refused")
        found = (line["exit"], line["reason"], line["volumes"])
        check("a wrong file is refused", found == ("78", "configuration", "-"), line)


def by_fstab(stage, _):
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    os.remove(tree.file("/etc/autoheal-agent/config.toml"))
    options = (
        f"nofail,x-systemd.mount-timeout=infinity,autoheal.device={disk.node},autoheal.tries=30,autoheal.interval=1"
    )
    tree.write("/etc/fstab", f"{VOLUME} /data autoheal {options} 0 0\n")
    with stage.machine() as machine:
        machine.wait("the mount to wait", lambda: machine.state("data.mount")["ActiveState"] == "activating")
        check("while a line of fstab waits, nothing is said", lines(machine) == [], lines(machine))
        disk.attach(machine)
        line = wait_for(machine, "mounted")
        check("a line of fstab is mounted, and that is said", line["volumes"] == VOLUME, line)
        is_over(machine)
        machine.run("systemctl", "stop", "data.mount")
        disk.detach(machine)
        before = len(lines(machine))
        machine.run("systemctl", "disable", UNIT)
        machine.run("systemctl", "stop", UNIT)
        machine.try_to("systemctl", "start", "data.mount")
        line = wait_for(machine, "failed")
        check(
            "where the unit is off, the mount stands for itself",
            line["exit"] == "66" and len(lines(machine)) > before,
            line,
        )
        disk.attach(machine)
        machine.run("mount", "/data")
        wait_for(machine, "mounted", before)
        check("mounted by hand with mount(8), it is said", True)
        machine.run("systemctl", "enable", UNIT)
        machine.run("umount", "/data")
        disk.detach(machine)
    tree.write("/etc/fstab", "")
