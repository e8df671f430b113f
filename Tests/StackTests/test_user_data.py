"""The user data as it is written: checked by the tools."""

import base64
import email
import email.policy
import gzip
import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

from combinations import FSTAB, URL
from generator import generate, run


def scripts(text):
    """The shell scripts in user data of any form."""
    if text.startswith("#!"):
        return [text]
    if text.startswith("#cloud-config"):
        (command,) = yaml.safe_load(text)["runcmd"]
        (script,) = re.findall(r"<<'END_OF_SCRIPT'.*?\n(.*\n)END_OF_SCRIPT\n", command, re.S)
        return [script, "#!/bin/sh\n" + command]
    return [each.get_content() for each in parts(text)]


def parts(text):
    """The parts of a MIME message; no line of theirs is folded or changed."""
    message = email.message_from_string(text, policy=email.policy.default)
    assert not message.defects
    return [each for each in message.walk() if not each.is_multipart()]


@pytest.mark.parametrize("further", [("--power-off-on-failure",), FSTAB], ids=["power-off", "fstab"])
@pytest.mark.parametrize("form", ["cloud-config", "shell", "mime"])
def test_the_shells_and_shellcheck_accept_every_script(form, source, further, tmp_path):
    text = generate("userdata", *source, "--format", form, *further)
    for script in scripts(text):
        path = tmp_path / "script"
        path.write_text(script)
        for command in ["bash", "-n"], ["dash", "-n"], ["shellcheck", "--severity=style", "--shell=sh"]:
            done = subprocess.run([*command, path], capture_output=True, text=True)
            assert not done.returncode, done.stdout + done.stderr


MERGE = """
import sys, yaml
from unittest import mock
from cloudinit.handlers.cloud_config import CloudConfigPartHandler
handler = CloudConfigPartHandler(mock.Mock())
handler.cloud_buf = {}
for path in sys.argv[1:]:
    handler._merge_part(open(path).read(), {})
print(yaml.safe_dump(handler.cloud_buf))
"""


def test_a_cloud_config_part_before_ours_keeps_its_lists(tmp_path):
    if not Path("/usr/lib/python3/dist-packages/cloudinit").exists():
        pytest.skip("cloud-init is not installed")
    (tmp_path / "first").write_text(
        "#cloud-config\nruncmd: [[touch, /x]]\nwrite_files: [{path: /y, content: z}]\npackages: [jq]\n"
    )
    (tmp_path / "ours").write_text(generate("userdata", "--preinstalled"))
    done = subprocess.run(
        ["/usr/bin/python3", "-c", MERGE, tmp_path / "first", tmp_path / "ours"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    merged, ours = yaml.safe_load(done.stdout), yaml.safe_load((tmp_path / "ours").read_text())
    assert merged["runcmd"] == [["touch", "/x"], *ours["runcmd"]]
    assert merged["write_files"] == [{"path": "/y", "content": "z"}]
    assert merged["packages"] == ["jq"]


def test_mime_needs_no_list_that_another_part_may_replace(tmp_path):
    (tmp_path / "own").write_text("#cloud-config\nruncmd: [[touch, /x]]\nwrite_files: [{path: /y, content: z}]\n")
    text = generate("userdata", "--preinstalled", "--format", "mime", "--append", tmp_path / "own")
    assert [each.get_content_type() for each in parts(text)] == ["text/x-shellscript", "text/cloud-config"]


def test_cloud_init_accepts_the_cloud_config(source):
    text = generate("userdata", *source)
    # Older versions of the schema do not refuse unknown keys at the top.
    assert set(yaml.safe_load(text)) == {"runcmd", "merge_how"}
    if not shutil.which("cloud-init"):
        pytest.skip("cloud-init is not installed")
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text)
        file.flush()
        # As a user without rights where possible: newer versions write to /run as root.
        os.chmod(file.name, 0o644)
        user = "nobody" if os.geteuid() == 0 else None
        done = subprocess.run(["cloud-init", "schema", "-c", file.name], capture_output=True, text=True, user=user)
    assert done.returncode == 0 and "Valid" in done.stdout + done.stderr, done.stdout + done.stderr


def test_every_encoding_holds_the_same_text(source):
    text = generate("userdata", *source)
    assert base64.b64decode(generate("userdata", *source, "--encode", "base64")).decode() == text
    packed = generate("userdata", *source, "--encode", "gzip-base64")
    assert gzip.decompress(base64.b64decode(packed)).decode() == text
    assert len(base64.b64decode(packed)) < len(text) * 0.75


def test_user_data_survives_sub(source, stack):
    options = ("userdata", *source, "--mount-point", "/srv/${x}")
    assert stack.do_sub(generate(*options, "--for", "cloudformation")) == generate(*options)


def test_mime_keeps_the_parts_of_the_user(tmp_path):
    own = tmp_path / "app.sh"
    own.write_text("#!/bin/sh\necho 'héllo'\n")
    text = generate("userdata", "--preinstalled", "--format", "mime", "--append", own)
    assert email.message_from_string(text).get_content_type() == "multipart/mixed"
    (_, second) = parts(text)
    assert [each.get_content_type() for each in parts(text)] == ["text/x-shellscript"] * 2
    assert second.get_content() == own.read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        ((), 65, "--package-url with --package-sha256"),
        (("--package-url", "http://example.com/a.deb"), 65, "over http nobody knows who sent it"),
        (("--package-url", "https://example.com/a.deb"), 65, "--package-sha256"),
        (("--package-url", "https://b.s3.amazonaws.com/a?X-Amz-Signature=x", *URL[2:]), 65, "7 days"),
        (("--preinstalled", "--package-sha256", "0" * 64), 64, "belongs to --package-url"),
        (("--preinstalled", "--apt-source", "x"), 64, "one of"),
        (("--preinstalled", "--mount-point", "/etc"), 78, "directory of the system"),
        (("--preinstalled", "--config", "/nonexistent"), 78, "cannot be read"),
        (("--preinstalled", "--config", "/nonexistent", "--label", "x"), 64, "either it or the flags"),
        (("--preinstalled", "--format", "xml"), 64, "cloud-config"),
        (("--preinstalled", "--append", "/dev/null", "--format", "mime"), 65, "first line"),
        (("--preinstalled", "--mount-with", "fstab"), 65, "volume-id is missing"),
        (("--preinstalled", *FSTAB, "--power-off-on-failure"), 65, "is for the agent's own unit"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(arguments, code, reason):
    done = run("userdata", *arguments)
    assert done.returncode == code and reason in done.stderr and not done.stdout


def test_a_file_is_not_overwritten_unless_forced(tmp_path):
    path = tmp_path / "user-data"
    path.write_text("mine")
    done = run("userdata", "--preinstalled", "-o", path)
    assert done.returncode == 73 and "--force" in done.stderr and path.read_text() == "mine"
    assert run("userdata", "--preinstalled", "-o", path, "--force").returncode == 0
    assert path.read_text() == generate("userdata", "--preinstalled")


def test_what_is_no_file_is_written_to_and_never_replaced(tmp_path):
    """As root, a file in the place of /dev/null would be everybody's."""
    text = generate("userdata", "--preinstalled")
    device = tmp_path / "null"
    os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    for force in (), ("--force",):
        assert run("userdata", "--preinstalled", "-o", "/dev/stdout", *force).stdout == text
        assert run("userdata", "--preinstalled", "-o", device, *force).returncode == 0
        assert stat.S_ISCHR(device.stat().st_mode)
