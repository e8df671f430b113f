"""replace-instance.conf: an instance that cannot get its data powers off; one whose agent is only stopped does not."""

import os
import subprocess

from machine import DROP_IN, EXAMPLES, UNIT
from stage import SHORTER

POWER_OFF = "autoheal-power-off.service"
AGENT = "/usr/bin/autoheal-agent"
# Gives its answer when the test lets it.
SLOW_START = """\
#!/bin/sh
if [ "$2" = applies ]; then
    touch /run/applies-began
    until [ -e /run/applies-may-end ]; do sleep 0.1; done
fi
exec /usr/bin/autoheal-agent.real "$@"
"""


def story(stage, configure):
    report, tree, disk = stage.report, stage.tree, stage.disk
    configure(tree, disk)
    with open(tree.file(f"{EXAMPLES}/replace-instance.conf")) as example:
        tree.write(DROP_IN, example.read() + SHORTER)
    with stage.machine() as machine:
        machine.wait("the machine to power off", machine.has_ended)
    tries = machine.outcomes("refused")
    report.check(
        "after the last of its tries", len(tries) == 3 and all("did not appear" in text for text in tries), tries
    )
    said = machine.console().count("powering off")
    report.check("with one line on the console", said == 1, machine.console()[-600:])

    with stage.machine() as machine:
        machine.wait("a second try", lambda: machine.has_ended() or int(machine.state()["NRestarts"]) >= 1)
        report.check("not after the first try", not machine.has_ended(), machine.console()[-600:])
        disk.attach(machine)
        machine.wait_until("active", "dependent.service")
        report.check("a volume that comes with a later try keeps the instance", len(machine.mounts("/data")) == 1)

    stops(stage)
    arrival_after_the_last_try(stage)

    disk.erase()
    subprocess.run(
        ["sfdisk", "--quiet", "--no-reread", disk.node],
        input="label: gpt\n,,\n",
        text=True,
        check=True,
        capture_output=True,
    )
    disk.is_there(tree, UNIT)
    with stage.machine() as machine:
        machine.wait("the machine to power off", machine.has_ended)
    tries = machine.outcomes("refused")
    report.check("after one refusal", len(tries) == 1 and "gpt" in tries[0], tries)
    report.check("whose reason is on the console", "gpt" in machine.said(), machine.console()[-2000:])

    # A file that cannot be read has no log yet; nobody can log in to an instance that powers off.
    configure(tree, disk, "no-such-key = 1\n")
    with stage.machine() as machine:
        machine.wait("the machine to power off", machine.has_ended)
    report.check(
        "after a wrong configuration, whose error is on the console",
        "no-such-key" in machine.console(),
        machine.console()[-600:],
    )


def stops(stage):
    """A unit that waits, and is asked to end."""
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    config = "/etc/autoheal-agent/config.toml"
    with open(tree.file(config)) as file:
        waits = file.read().replace("tries = 2", "tries = 999")
    tree.write(config, waits)

    def is_left_alone(claim, machine):
        """The unit that powers off has run, and has not done it."""
        machine.wait("a decision", lambda: machine.has_ended() or decision(machine) != before)
        jobs = machine.try_to("systemctl", "list-jobs", "--plain", "--no-legend").stdout
        alive = not machine.has_ended() and "poweroff.target" not in jobs
        check(f"{claim}, and the machine stays on", alive, jobs)

    with stage.machine() as machine:
        machine.wait("the first look", lambda: "Not there yet" in machine.said())
        before = decision(machine)
        first = machine.state()["InvocationID"]
        machine.run("systemctl", "restart", "--no-block", UNIT)
        is_left_alone("a unit that waits is restarted", machine)
        machine.wait(
            "a further run",
            lambda: machine.state()["InvocationID"] not in ("", first) and machine.said().count("Not there yet") > 1,
        )
        check("  and waits again", machine.state()["ActiveState"] == "activating", machine.state())
        before = decision(machine)
        machine.run("systemctl", "stop", UNIT)
        is_left_alone("it is stopped", machine)

        machine.run("systemctl", "start", "--no-block", UNIT)
        machine.wait("a further run", lambda: machine.said().count("Not there yet") > 2)
        before = decision(machine)
        machine.run("dpkg", "--remove", "autoheal-agent")
        jobs = machine.run("systemctl", "list-jobs", "--plain", "--no-legend")
        check(
            "the package is removed, and the machine stays on",
            "poweroff.target" not in jobs and not machine.has_ended(),
            jobs,
        )
        machine.run("dpkg", "--install", stage.deb)

        os.rename(tree.file(AGENT), tree.file(AGENT + ".real"))
        tree.write(AGENT, SLOW_START, 0o755)
        machine.run("systemctl", "reset-failed", UNIT)
        machine.run("systemctl", "start", "--no-block", UNIT)
        machine.wait("ExecCondition=", lambda: machine.try_to("test", "-e", "/run/applies-began").returncode == 0)
        machine.run("systemctl", "stop", "--no-block", UNIT)
        machine.wait("the signal", lambda: machine.state()["SubState"] == "stop-sigterm")
        machine.run("touch", "/run/applies-may-end")
        machine.wait("an end", lambda: machine.state()["ActiveState"] in ("inactive", "failed"))
        os.rename(tree.file(AGENT + ".real"), tree.file(AGENT))
        state = machine.state()
        check("a stop before the agent begins is no failure", state["ActiveState"] == "inactive", state)

        said = machine.said().count("Not there yet")
        machine.run("systemctl", "start", "--no-block", UNIT)
        machine.wait("a further run", lambda: machine.said().count("Not there yet") > said)
        # As a reboot, which a container cannot tell from its end.
        machine.run("systemctl", "--no-block", "halt")
        machine.wait("the machine to halt", machine.has_ended)
    console = machine.console()
    check(
        "no power-off beside a shutdown that is under way",
        "Power Off" not in console and "powering off" not in console,
        console[-600:],
    )

    tree.write(config, waits.replace("tries = 999", "tries = 2"))
    with stage.machine() as machine:
        machine.wait("the pause after a try", lambda: machine.state()["SubState"].startswith("auto-restart"))
        machine.run("systemctl", "stop", UNIT)
        check("a stop between two tries is no failure", machine.state()["ActiveState"] == "inactive", machine.state())
        # A stop that was asked for before does not keep a failure from being one.
        machine.run("systemctl", "start", "--no-block", UNIT)
        machine.wait("a run", lambda: machine.state()["SubState"] == "start")
        machine.try_to("systemctl", "stop", UNIT)
        machine.run("systemctl", "reset-failed", UNIT)
        machine.run("systemctl", "start", "--no-block", UNIT)
        machine.wait("the machine to power off", machine.has_ended)
    check(
        "after the last try of a unit that was stopped before",
        machine.console().count("powering off") == 1,
        machine.console()[-600:],
    )

    tree.write(config, waits)
    with stage.machine() as machine:
        # Each begins one of the three tries that there are, and the last restart has all of them again.
        for _ in range(4):
            wait_for_a_run(machine)
            before = decision(machine)
            machine.try_to("systemctl", "restart", "--no-block", UNIT)
            is_left_alone("it is restarted again", machine)
        machine.wait("a further run, after the last try too", lambda: machine.state()["SubState"] == "start")
        # A restart at the very moment at which it begins.
        for _ in range(20):
            machine.try_to("systemctl", "restart", "--no-block", UNIT)
        machine.wait("a further run", lambda: machine.has_ended() or machine.state()["SubState"] == "start")
        check(
            "restarted 20 times in a row",
            not machine.has_ended() and "powering off" not in machine.console(),
            machine.console()[-600:],
        )
        # As other units' OnFailure= do, which a power-off of ours must not throw out.
        machine.run("systemctl", "--no-block", "start", "halt.target")
        machine.wait("the machine to halt", machine.has_ended)
    check(
        "a shutdown that is not irreversible goes on", "powering off" not in machine.console(), machine.console()[-600:]
    )

    tree.write(config, waits.replace("tries = 999", "tries = 2"))
    with stage.machine() as machine:
        disk.attach(machine)
        machine.wait_until("active", "dependent.service")
        before = decision(machine)
        with open(tree.file(config), "a") as file:
            file.write("no-such-key = 1\n")
        machine.try_to("systemctl", "restart", UNIT)
        is_left_alone("a wrong file does not cost an instance that has its data", machine)
        check(
            "  which is said", "every volume is mounted and can be used" in machine.console(), machine.console()[-600:]
        )
        disk.detach(machine)
    tree.write(config, waits.replace("tries = 999", "tries = 2"))
    disk.erase()


def wait_for_a_run(machine):
    """Until the agent begins, or has said once more that there is no volume."""
    said = machine.said().count("Not there yet")
    machine.wait(
        "a run", lambda: machine.said().count("Not there yet") > said or machine.state()["SubState"] == "start"
    )


def arrival_after_the_last_try(stage):
    """In the pause before the start that the limit would refuse. To systemd 252, one that is asked for counts twice."""
    check, tree, disk = stage.report.check, stage.tree, stage.disk
    disk.erase()
    with open(tree.file(DROP_IN)) as file:
        before = file.read()
    tree.write(
        DROP_IN, before.replace("StartLimitBurst=3", "StartLimitBurst=2").replace("RestartSec=2", "RestartSec=15")
    )
    with stage.machine() as machine:
        machine.wait("the second try", lambda: int(machine.state()["NRestarts"]) == 1)
        machine.wait("the pause after it", lambda: machine.state()["SubState"].startswith("auto-restart"))
        disk.attach(machine)
        # What udev does for EBS volumes; a loop device is none.
        machine.run("systemctl", "start", "autoheal-agent-arrival.service")
        machine.wait("an end", lambda: machine.has_ended() or machine.state()["ActiveState"] == "active")
        mounted = not machine.has_ended() and len(machine.mounts("/data")) == 1
        check(
            "a volume that comes in the pause after the last try keeps the instance", mounted, machine.console()[-600:]
        )
    tree.write(DROP_IN, before)


def decision(machine):
    """When the unit that powers off last ended."""
    return machine.try_to(
        "systemctl", "show", POWER_OFF, "--property=ExecMainExitTimestampMonotonic", "--value"
    ).stdout.strip()
