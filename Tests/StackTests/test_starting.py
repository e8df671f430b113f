"""User data that runs for real: what it writes, and how it has systemd start and restart what is needed."""

import os
import tomllib

import pytest

from combinations import FSTAB
from generator import generate
from sandbox import CONFIGURATION, RELOADED, RESUMES, Server, from_url


def test_run_preinstalled_writes_the_configuration_and_starts_the_unit(sandbox):
    sandbox.run(generate("userdata", "--preinstalled", "--format", "shell"))
    assert sandbox.read("systemctl").splitlines() == RELOADED
    assert tomllib.loads(sandbox.read(CONFIGURATION))["volume"] == [{"device": "/dev/sdf", "mount-point": "/data"}]


def test_run_is_not_held_up_by_a_console_that_has_been_stopped(sandbox, package):
    server = Server(package, failures=1)
    # Nobody reads, so that whoever opens it waits.
    said = sandbox.run("mkfifo /dev/console", from_url(package, server), "rm /dev/console")
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said


def test_run_says_that_the_agent_does_not_take_the_configuration(sandbox):
    (sandbox.shared / "autoheal-agent").write_text(
        '#!/bin/sh\n[ "$2" != check ] || { echo "config.toml:5: bad" >&2; exit 78; }\n'
    )
    (sandbox.shared / "autoheal-agent").chmod(0o755)
    said = sandbox.run("touch /dev/console", generate("userdata", "--preinstalled", "--format", "shell"))
    assert "exit 1" in said and "the configuration is wrong: config.toml:5: bad" in sandbox.read("console")
    assert "start" not in sandbox.read("systemctl")


def test_run_forgets_a_policy_that_the_image_brought(sandbox):
    drop_in = "/etc/systemd/system/autoheal-agent.service.d/10-power-off-on-failure.conf"
    sandbox.run(
        f"mkdir -p {os.path.dirname(drop_in)}; touch {drop_in}",
        generate("userdata", "--preinstalled", "--format", "shell"),
    )
    assert not (sandbox.shared / "system/autoheal-agent.service.d/10-power-off-on-failure.conf").exists()


@pytest.mark.parametrize("has_unit", [True, False])
def test_run_asks_for_the_power_off_that_the_package_of_the_image_has(sandbox, has_unit):
    unit = "/lib/systemd/system/autoheal-power-off.service"
    sandbox.run(
        f"touch /dev/console; {'touch' if has_unit else 'rm -f'} {unit}",
        generate("userdata", "--preinstalled", "--format", "shell", "--power-off-on-failure"),
    )
    drop_in = sandbox.read("system/autoheal-agent.service.d/10-power-off-on-failure.conf").splitlines()
    old = ["OnFailure=poweroff.target", "OnFailureJobMode=replace-irreversibly"]
    asked = [line for line in drop_in if line.startswith("OnFailure")]
    assert asked == (["OnFailure=autoheal-power-off.service", "OnFailureJobMode=fail"] if has_unit else old)
    assert ("use a newer one" in sandbox.read("console")) is not has_unit


@pytest.mark.parametrize(("changed", "last"), [
    (1, "start --no-block autoheal-agent.service"), (0, "restart --no-block autoheal-agent.service"),
])  # fmt: skip
def test_run_restarts_the_unit_only_if_it_has_begun_with_other_volumes(sandbox, changed, last):
    agent = f'#!/bin/sh\necho "$*" >>{sandbox.shared}/agent\n[ "$2" != changed ] || exit {changed}\n'
    (sandbox.shared / "autoheal-agent").write_text(agent)
    (sandbox.shared / "autoheal-agent").chmod(0o755)
    sandbox.run(generate("userdata", "--preinstalled", "--format", "shell"))
    assert sandbox.read("agent").splitlines() == ["config check", "config changed"]
    assert sandbox.read("systemctl").splitlines()[-1] == last


# What it is asked first: the state of a unit that has begun with the file of the image; then what has become of it.
STATES = """
cat >/usr/bin/systemctl <<'END'
#!/bin/sh
echo "$*" >>{shared}/systemctl
[ "$1" != show ] || {{ cat {shared}/state; echo {then} >{shared}/state; }}
END
echo activating >{shared}/state
"""


@pytest.mark.parametrize(("then", "last"), [("active", "restart --no-block"), ("activating", "kill --kill-who=main")])
def test_run_does_not_leave_a_unit_with_the_old_volumes(sandbox, then, last):
    """The signal comes when the agent is done with them, or ends it; a new run has read the new file."""
    shared = sandbox.shared
    done = f"[ -e {shared}/state ] && grep -q activating {shared}/state && grep -q kill {shared}/systemctl"
    agent = f'#!/bin/sh\n[ "$2" != changed ] || {{ {done} && exit 1; exit 0; }}\n'
    (sandbox.shared / "autoheal-agent").write_text(agent)
    (sandbox.shared / "autoheal-agent").chmod(0o755)
    sandbox.run(
        STATES.format(shared=sandbox.shared, then=then), generate("userdata", "--preinstalled", "--format", "shell")
    )
    asked = [line.removesuffix(" autoheal-agent.service") for line in sandbox.read("systemctl").splitlines()]
    assert asked[-1] == last and asked.count("kill --kill-who=main") == 1, asked


MASKED = """
cat >/usr/bin/systemctl <<'END'
#!/bin/sh
case $1 in is-enabled) exit 1 ;; enable) echo "Unit file is masked." >&2; exit 1 ;; esac
END
"""


@pytest.mark.parametrize(("obstacle", "reason"), [
    (MASKED, "Unit file is masked"), ("touch /etc/autoheal-agent", "FAILED: ended early"),
])  # fmt: skip
def test_run_says_on_the_console_that_it_could_not_go_on(sandbox, obstacle, reason):
    said = sandbox.run("touch /dev/console", obstacle, generate("userdata", "--preinstalled", "--format", "shell"))
    console = sandbox.read("console")
    assert "exit 1" in said or "exit 2" in said, said
    assert reason in console and console.count("FAILED") == 1, console


LINE = "vol-0123456789abcdef0 /data autoheal noatime,nofail,x-systemd.mount-timeout=infinity 0 0"


# What an image brings: lines of others, and ours for the volume of its former instance.
OF_IMAGE = "UUID=x / ext4 defaults 0 1\nvol-00000000 /data autoheal nofail 0 0\nvol-11111111 /srv autoheal nofail 0 0\n"
MARK = "# The next line was written by user data for autoheal-agent, which replaces it."


def with_fstab(package, *options):
    return from_url(package, Server(package), *FSTAB, "--options", "noatime", *options)


def test_run_writes_a_line_of_fstab_in_the_place_of_an_older_one_and_mounts_by_it(sandbox, package):
    text = with_fstab(package)
    prepare = "printf '" + OF_IMAGE.replace("\n", "\\n") + "' >/etc/fstab\n"
    said = sandbox.run(
        prepare, text, "cp /etc/fstab " + str(sandbox.shared / "first"), text, "cp /etc/fstab " + str(sandbox.shared)
    )
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said
    assert sandbox.read("first").splitlines() == [OF_IMAGE.splitlines()[0], OF_IMAGE.splitlines()[2], MARK, LINE], said
    assert sandbox.read("fstab") == sandbox.read("first"), "a second run changed it"
    assert not sandbox.read(CONFIGURATION)
    calls = sandbox.read("systemctl").splitlines()
    assert "start --no-block data.mount" in calls and "daemon-reload" in calls, calls
    assert not [call for call in calls if "autoheal-agent.service" in call], calls
    assert not sandbox.read(RESUMES), "the next boot would install it again"
    assert "FAILED" not in sandbox.read("console")


def test_run_takes_the_lines_of_an_earlier_user_data_away(sandbox, package):
    former = with_fstab(package, "--mount-point", "/former")
    # awk(1) reads a space as fstab has it, systemd-escape(1) as everybody else has it.
    text = with_fstab(package, "--mount-point", "/srv/my data")
    # A person has taken the line away that stood below the mark.
    of_others = "UUID=x / ext4 defaults 0 1"
    said = sandbox.run(
        f"printf '%s\\n' '{MARK}' '{of_others}' >/etc/fstab\n",
        former,
        text,
        "cp /etc/fstab " + str(sandbox.shared),
    )
    line = LINE.replace("/data", "/srv/my\\040data")
    assert sandbox.read("fstab").splitlines() == [of_others, MARK, line], said
    calls = sandbox.read("systemctl").splitlines()
    assert "start --no-block srv-my\\x20data.mount" in calls, calls
