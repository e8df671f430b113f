"""User data that runs for real, and gives up: the line on the console that programs read from outside."""

import itertools
import re
import zlib
from pathlib import Path

import pytest

from combinations import FSTAB
from generator import generate, impatient
from sandbox import Server, from_url

INSTANCE = "i-0123456789abcdef0"
KNOWN = f"mkdir -p /run/cloud-init; echo {INSTANCE} >/run/cloud-init/.instance-id; touch /dev/console"
# sleep(1) is none here, so that all ten come at once, beside the script.
ALL = "until [ $(grep -c ^autoheal-outcome /dev/console) -ge 10 ]; do :; done"
LINE = re.compile(
    r"^autoheal-outcome/1 version=[0-9.]+ instance=(\S+) boot=([0-9a-f-]{36}) volumes=(\S+)"
    r" outcome=not-installed exit=1 reason=([a-z0-9-]+) crc=([0-9a-f]{8})$"
)
WITHOUT_AGENT = "rm -f /usr/bin/autoheal-agent"
MASKED = """
printf '#!/bin/sh\ncase $1 in is-enabled) exit 1 ;; enable) exit 1 ;; esac\n' >/usr/bin/systemctl
"""


def outcomes(sandbox):
    lines = sandbox.read("console").split("\n")
    found = [line for line in lines if line.startswith("autoheal-outcome/")]
    assert all(before == "" for before, line in itertools.pairwise(lines) if line in found), lines
    return found


def preinstalled(*options):
    return generate("userdata", "--preinstalled", "--format", "shell", *options)


def test_it_says_for_programs_that_nothing_is_installed(sandbox):
    said = sandbox.run(KNOWN, WITHOUT_AGENT, preinstalled("--volume-id", "vol-0123456789abcdef0"), ALL)
    lines = outcomes(sandbox)
    assert len(lines) == 10 and len(set(lines)) == 1, said
    instance, boot, volumes, reason, crc = LINE.match(lines[0]).groups()
    assert (instance, volumes) == (INSTANCE, "vol-0123456789abcdef0")
    assert boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert reason.startswith("this-image-has-no-autoheal-agent")
    assert int(crc, 16) == zlib.crc32(lines[0].rpartition(" crc=")[0].encode())


@pytest.mark.parametrize(("obstacle", "text"), [
    (MASKED, preinstalled), ("touch /etc/autoheal-agent", preinstalled), (WITHOUT_AGENT, lambda: preinstalled(*FSTAB)),
])  # fmt: skip
def test_it_says_so_whatever_it_gives_up_for(sandbox, obstacle, text):
    said = sandbox.run(KNOWN, obstacle, text(), ALL)
    assert all(LINE.match(line) for line in outcomes(sandbox)), said


def test_it_says_so_of_a_download_that_is_given_up(sandbox):
    text = generate(
        "userdata", "--package-url", "http://127.0.0.1:9/a.deb", "--package-sha256", "0" * 64, "--format", "shell"
    )  # fmt: skip
    sandbox.run(KNOWN, impatient(text), ALL)
    (line,) = set(outcomes(sandbox))
    assert LINE.match(line).group(4).startswith("gave-up-after-")


def test_it_sorts_the_volumes(sandbox, tmp_path):
    config = tmp_path / "config.toml"
    volumes = [("/dev/sdf", "/data", "vol-0fffffffffffffff0"), ("/dev/sdg", "/log", "vol-01111111")]
    table = '[[volume]]\ndevice = "{}"\nmount-point = "{}"\nvolume-id = "{}"\n'
    config.write_text("".join(table.format(*volume) for volume in volumes))
    sandbox.run(KNOWN, WITHOUT_AGENT, preinstalled("--config", config), ALL)
    assert LINE.match(outcomes(sandbox)[0]).group(3) == "vol-01111111,vol-0fffffffffffffff0"


def test_nobody_waits_for_the_repetitions(sandbox):
    """This ends only once nobody has its output open any more."""
    waits = sandbox.shared / "waits"
    waits.touch()
    slow = f"printf '#!/bin/sh\\nwhile [ -e {waits} ]; do /bin/sleep 0.1; done\\n' >{sandbox.shared}/sleep"
    first = ALL.replace("-ge 10", "-ge 1")
    try:
        sandbox.run(KNOWN, WITHOUT_AGENT, slow, preinstalled(), first)
    finally:
        waits.unlink()
    assert len(outcomes(sandbox)) == 1


@pytest.mark.parametrize("instance", ["", "iid-local01", "i-1 outcome=mounted"])
def test_it_says_nothing_of_an_instance_that_it_does_not_know(sandbox, instance):
    known = f"mkdir -p /run/cloud-init; echo '{instance}' >/run/cloud-init/.instance-id; touch /dev/console"
    said = sandbox.run(known, WITHOUT_AGENT, preinstalled(), "until grep FAILED /dev/console; do :; done")
    assert not outcomes(sandbox) and "the instance is unknown: no outcome" in said
    assert "FAILED" in sandbox.read("console")


def test_it_says_nothing_of_the_kind_when_it_has_started_the_agent(sandbox, package):
    sandbox.run(KNOWN, from_url(package, Server(package)))
    assert not outcomes(sandbox)


def test_the_next_boot_s_unit_leaves_the_repetitions_alone(sandbox):
    text = generate(
        "userdata", "--package-url", "http://127.0.0.1:9/a.deb", "--package-sha256", "0" * 64, "--format", "shell"
    )  # fmt: skip
    sandbox.run(KNOWN, impatient(text), ALL)
    assert "KillMode=process" in sandbox.read("system/autoheal-install.service")
