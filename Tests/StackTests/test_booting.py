"""User data that runs for real: what a first boot meets, and the next one after it was interrupted."""

import os
import tomllib
from pathlib import Path

import pytest

from generator import generate, impatient
from sandbox import CONFIGURATION, RESUMES, STARTED, Server, digest, from_url


def test_run_by_the_modules_of_cloud_init(sandbox, package):
    if not Path("/usr/lib/python3/dist-packages/cloudinit").exists():
        pytest.skip("cloud-init is not installed")
    server = Server(package)
    text = generate("userdata", "--package-url", server.url, "--package-sha256", digest(package))
    (sandbox.shared / "user-data").write_text(text)
    program = f"""#!/bin/sh
/usr/bin/python3 - <<'END'
import logging, yaml
from unittest import mock
from cloudinit.config import cc_runcmd
data = yaml.safe_load(open("{sandbox.shared}/user-data"))
cloud = mock.Mock()
cloud.distro.default_owner = "root:root"
cloud.get_ipath_cur.return_value = cloud.get_ipath.return_value = "{sandbox.shared}"
try:
    cc_runcmd.handle("name", data, cloud, logging.getLogger(), [])
except TypeError:
    cc_runcmd.handle("name", data, cloud, [])
END
mkdir -p {sandbox.shared}/scripts
sh {sandbox.shared}/runcmd 2>/dev/null || sh {sandbox.shared}/scripts/runcmd
"""
    said = sandbox.run(program)
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said + sandbox.done.stderr
    assert sandbox.read("systemctl").splitlines() == STARTED


INSTANCE = "mkdir -p /run/cloud-init; echo i-0123456789abcdef0 >/run/cloud-init/.instance-id"


def test_run_names_its_instance_before_any_agent_is_there(sandbox):
    """Whatever an image brought is gone, and an image that is made now acts on nothing."""
    former = "mkdir -p /etc/autoheal-agent; echo 'instance-id = \"i-00000001\"' >/etc/autoheal-agent/config.toml"
    text = generate(
        "userdata", "--package-url", "http://127.0.0.1:9/a.deb", "--package-sha256", "0" * 64, "--format", "shell"
    )  # fmt: skip
    said = sandbox.run(INSTANCE, former, impatient(text))
    assert "gave up after" in said
    assert tomllib.loads(sandbox.read(CONFIGURATION)) == {
        "instance-id": "i-0123456789abcdef0", "volume": [{"device": "/dev/sdf", "mount-point": "/data"}],
    }  # fmt: skip


def test_run_names_none_where_cloud_init_knows_none(sandbox):
    sandbox.run(
        INSTANCE.replace("i-0123456789abcdef0", "iid-datasource-none"),
        generate("userdata", "--preinstalled", "--format", "shell"),
    )
    assert "instance-id" not in tomllib.loads(sandbox.read(CONFIGURATION))


def test_run_does_without_the_name_where_the_agent_does_not_know_it(sandbox):
    agent = f'#!/bin/sh\n[ "$2" != check ] || ! grep -q ^instance-id "${{3:-/{CONFIGURATION}}}"\n'
    (sandbox.shared / "autoheal-agent").write_text(agent)
    (sandbox.shared / "autoheal-agent").chmod(0o755)
    sandbox.run("touch /dev/console", INSTANCE, generate("userdata", "--preinstalled", "--format", "shell"))
    assert set(tomllib.loads(sandbox.read(CONFIGURATION))) == {"volume"}
    assert "uses a configuration on every instance" in sandbox.read("console")


def test_run_at_once_with_another_one_waits_for_it(sandbox):
    """Both write the same files."""
    script = sandbox.shared / "both"
    script.write_text(generate("userdata", "--preinstalled", "--format", "shell"))
    said = sandbox.run(f"for each in 1 2 3 4 5 6; do sh {script} & done; wait")
    assert said.count("autoheal-agent is set up") == 6 and "FAILED" not in said


def test_run_goes_on_at_the_next_boot_where_the_first_was_interrupted(sandbox, package):
    server = Server(package, failures=10**6)
    text = from_url(package, server)
    path = sandbox.shared / "interrupted"
    path.write_text(text)
    # The machine goes down while the address does not answer yet.
    sandbox.run(f"timeout --signal=KILL 3 sh {path}")
    unit = sandbox.read(RESUMES)
    assert "Environment=AUTOHEAL_RESUMED=yes AUTOHEAL_INSTANCE=\n" in unit and "\nType=exec\n" in unit
    assert all((sandbox.shared / link).is_symlink() for link in WANTED)
    assert not sandbox.read("systemctl")

    second = Server(package)
    resumed = text.replace(server.url, second.url)
    path.write_text(resumed)
    # The sandbox forgets, so it is staged again; then the unit does what it says, and the target is reached.
    staged = f"""
mv /usr/bin/curl /usr/bin/real-curl
printf '#!/bin/sh\\npkill -KILL -f {path}\\n' >/usr/bin/curl && chmod +x /usr/bin/curl
sh {path}
mv /usr/bin/real-curl /usr/bin/curl
"""
    said = sandbox.run(staged, NEXT_BOOT.format(instance=""))
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said
    assert sandbox.read("systemctl").splitlines() == STARTED
    # Not before the volume is mounted.
    assert sandbox.read(RESUMES)
    sandbox.run(staged, NEXT_BOOT.format(instance=""), MOUNTED)
    assert not any(os.path.lexists(sandbox.shared / path) for path in (RESUMES, DONE, *WANTED))


WANTED = [f"system/{target}.wants/{unit}.service" for target, unit in (
    ("multi-user.target", "autoheal-install"), ("autoheal-data.target", "autoheal-installed"),
)]  # fmt: skip


DONE = "system/autoheal-installed.service"


NEXT_BOOT = """
unit=/etc/systemd/system/autoheal-install.service
[ -e $unit ] || exit 0
export $(sed -n 's/^Environment=//p' $unit)
mkdir -p /run/cloud-init && echo "{instance}" >/run/cloud-init/.instance-id
$(sed -n 's/^ExecStart=//p' $unit)
"""


MOUNTED = "$(sed -n 's/^ExecStart=//p' /etc/systemd/system/autoheal-installed.service)"


def test_run_keeps_what_a_person_has_changed_since(sandbox, package):
    server = Server(package, failures=10**6)
    (sandbox.shared / "interrupted").write_text(from_url(package, server))
    (sandbox.shared / "next-boot").write_text(NEXT_BOOT.format(instance=""))
    config, unit = "/etc/autoheal-agent/config.toml", "/etc/systemd/system/autoheal-install.service"
    next_boot = f"timeout 2 sh {sandbox.shared}/next-boot"
    said = sandbox.run(
        f"mkdir -p {os.path.dirname(config)}; echo former >{config}",
        f"timeout --signal=KILL 2 sh {sandbox.shared}/interrupted",
        f"grep -q sdf {config} && echo it is written; echo '# mine' >>{config}; touch -d '1 hour ago' {unit}",
        next_boot,
        f"grep -q mine {config} && echo it is kept; touch -d '2 hours ago' {config}",
        next_boot,
    )
    assert "it is written" in said and "it is kept" in said, said
    # What is older than the unit is a former instance's.
    assert "mine" not in sandbox.read(CONFIGURATION) and "sdf" in sandbox.read(CONFIGURATION)


def test_run_leaves_an_agent_off_that_was_disabled_since(sandbox, package):
    (sandbox.shared / "interrupted").write_text(from_url(package, Server(package)))
    off = '#!/bin/sh\necho "$*" >>{}/systemctl\n[ "$1" != show ] || echo no\n[ "$1" != is-enabled ]\n'
    (sandbox.shared / "off").write_text(off.format(sandbox.shared))
    sandbox.run(
        f"sh {sandbox.shared}/interrupted",
        f"cat {sandbox.shared}/off >/usr/bin/systemctl; : >{sandbox.shared}/systemctl",
        NEXT_BOOT.format(instance=""),
    )
    assert not [
        line for line in sandbox.read("systemctl").splitlines() if line.split()[0] in ("enable", "start", "restart")
    ]
    assert not sandbox.read(RESUMES)


def test_run_does_not_go_on_in_an_image_of_the_interrupted_instance(sandbox, package):
    server = Server(package, failures=10**6)
    path = sandbox.shared / "interrupted"
    path.write_text(from_url(package, server))
    said = sandbox.run(
        "mkdir -p /run/cloud-init && echo i-00000000000000001 >/run/cloud-init/.instance-id",
        f"timeout --signal=KILL 2 sh {path}",
        "rm /etc/autoheal-agent/config.toml; grep ^Environment= /etc/systemd/system/autoheal-install.service",
        NEXT_BOOT.format(instance="i-00000000000000002"),
    )
    assert "AUTOHEAL_INSTANCE=i-00000000000000001" in said
    assert not sandbox.read(RESUMES) and not sandbox.read(CONFIGURATION) and not sandbox.read("systemctl")
