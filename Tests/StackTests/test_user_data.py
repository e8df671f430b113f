"""The user data: checked by the tools, and run for real where it cannot touch this machine."""

import base64
import email
import functools
import gzip
import http.server
import os
import re
import shutil
import subprocess
import tempfile
import threading
import tomllib
from pathlib import Path

import pytest
import yaml

from combinations import URL
from conftest import generate, run

APT_KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----\n"
CONFIGURATION = Path("etc/autoheal-agent/config.toml")


@pytest.fixture
def apt(tmp_path):
    (tmp_path / "key.asc").write_text(APT_KEY)
    source = ("--apt-source", "https://apt.example.com bookworm main", "--apt-key", tmp_path / "key.asc")
    return source + ("--package-version", "0.1.0-1")


@pytest.fixture(params=["url", "apt", "preinstalled"])
def source(request, apt):
    return {"url": URL, "apt": apt, "preinstalled": ("--preinstalled",)}[request.param]


def scripts(text):
    """The shell scripts in user data of any form."""
    if text.startswith("#!"):
        return [text]
    if text.startswith("#cloud-config"):
        (command,) = yaml.safe_load(text)["runcmd"]
        (script,) = re.findall(r"<<'END_OF_SCRIPT'.*?\n(.*\n)END_OF_SCRIPT\n", command, re.S)
        return [script, "#!/bin/sh\n" + command]
    parts = [each for each in email.message_from_string(text).walk() if not each.is_multipart()]
    return [each.get_payload(decode=True).decode() for each in parts]


FSTAB = ("--mount-with", "fstab", "--volume-id", "vol-0123456789abcdef0")


@pytest.mark.parametrize("further", [("--power-off-on-failure",), FSTAB], ids=["power-off", "fstab"])
@pytest.mark.parametrize("form", ["cloud-config", "shell", "mime"])
def test_the_shells_and_shellcheck_accept_every_script(form, source, further, tmp_path):
    text = generate("userdata", *source, "--format", form, *further)
    for script in scripts(text):
        path = tmp_path / "script"
        path.write_text(script)
        for command in ["bash", "-n"], ["dash", "-n"], ["shellcheck", "--severity=style", "--shell=sh"]:
            if shutil.which(command[0]):
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
    (tmp_path / "first").write_text("#cloud-config\nruncmd: [[touch, /x]]\nwrite_files: [{path: /y, content: z}]\npackages: [jq]\n")
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
    parts = [each for each in email.message_from_string(text).walk() if not each.is_multipart()]
    assert [each.get_content_type() for each in parts] == ["text/x-shellscript", "text/cloud-config"]


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
        user = {"user": "nobody"} if os.geteuid() == 0 else {}
        done = subprocess.run(["cloud-init", "schema", "-c", file.name], capture_output=True, text=True, **user)
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
    message = email.message_from_string(text)
    assert message.get_content_type() == "multipart/mixed" and not message.defects
    parts = [each for each in message.walk() if not each.is_multipart()]
    assert [each.get_content_type() for each in parts] == ["text/x-shellscript"] * 2
    assert parts[1].get_payload(decode=True).decode() == own.read_text()


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


# Run for real, in a root file system whose changes are thrown away: a mount namespace with an overlay over this
# machine's own files. apt and dpkg are the real ones; systemctl only notes what it is asked.

SANDBOX = """
set -e
mount -t tmpfs none {base}
mkdir {base}/upper {base}/work {base}/root
mount -t overlay none -o lowerdir=/,upperdir={base}/upper,workdir={base}/work {base}/root
mount --bind /proc {base}/root/proc
mkdir -p {base}/root{shared} {base}/root/dev
mount -t tmpfs none {base}/root/dev
for each in null zero random urandom; do touch {base}/root/dev/$each; mount --bind /dev/$each {base}/root/dev/$each; done
mount --bind {shared} {base}/root{shared}
rm -f {base}/root/bin/systemctl {base}/root/usr/bin/systemctl
printf '#!/bin/sh\\necho "$*" >> {shared}/systemctl\\n[ "$1" != show ] || echo no\\n' > {base}/root/usr/bin/systemctl
printf '#!/bin/sh\\n' > {base}/root{shared}/sleep
printf '#!/bin/sh\\n[ "$2" != changed ]\\n' > {base}/root/usr/bin/autoheal-agent
chmod 755 {base}/root/usr/bin/autoheal-agent {base}/root/usr/bin/systemctl {base}/root{shared}/sleep
cd {base}/root
for each in {scripts}; do
    chroot . env PATH={shared}:/usr/sbin:/usr/bin:/sbin:/bin sh "$each" || echo "exit $?"
done
touch dev/console
cp dev/console {shared}/console
rm -rf {shared}/etc
mkdir -p {shared}/etc
rm -rf {shared}/system
cp -rP etc/systemd/system {shared}/ 2>/dev/null || true
cp -r etc/autoheal-agent {shared}/etc/ 2>/dev/null || true
cp -r etc/apt/sources.list.d etc/apt/preferences.d etc/apt/keyrings {shared}/ 2>/dev/null || true
chroot . dpkg-query -W -f '${{Status}} ${{Version}}' autoheal-agent > {shared}/dpkg 2>/dev/null || true
"""


class Sandbox:
    def __init__(self, directory):
        self.shared = directory / "shared"
        self.base = directory / "base"
        self.shared.mkdir()
        self.base.mkdir()

    def run(self, *texts):
        paths = []
        for number, text in enumerate(texts):
            path = self.shared / f"script-{number}"
            path.write_text(text)
            paths.append(str(path))
        script = SANDBOX.format(base=self.base, shared=self.shared, scripts=" ".join(paths))
        self.done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=240
        )
        assert self.done.returncode == 0, self.done.stdout + self.done.stderr
        return self.done.stdout

    def read(self, name):
        path = self.shared / name
        return path.read_text() if path.exists() else ""


@pytest.fixture
def sandbox(tmp_path):
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("needs root, for a mount namespace")
    probe = "mount -t tmpfs none /mnt && mkdir /mnt/a /mnt/b /mnt/c && mount -t overlay none -o " \
        "lowerdir=/,upperdir=/mnt/a,workdir=/mnt/b /mnt/c"
    if subprocess.run(["unshare", "--mount", "sh", "-c", probe], capture_output=True).returncode:
        pytest.skip("this kernel allows no overlay in a mount namespace")
    return Sandbox(tmp_path)


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """A package of the right name, with nothing in it."""
    return built(tmp_path_factory.mktemp("package"))


class Server:
    """Serves a file on loopback; the first requests may fail."""

    def __init__(self, path, failures=0, content=None):
        self.requests = 0
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.requests += 1
                if server.requests <= failures:
                    return self.send_error(503)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(path.read_bytes() if content is None else content)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/autoheal-agent.deb"


def digest(path):
    return subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout.split()[0]


# The package has told systemd of its units, and enabled them.
STARTED = ["is-enabled --quiet autoheal-agent.service", "start --no-block autoheal-agent.service"]
# Where it was there before, nobody has: of a drop-in that user data wrote, for example.
RELOADED = ["daemon-reload", *STARTED]
RESUMES = "system/autoheal-install.service"


def built(directory, *fields, **files):
    """A package of the right name with these control fields; files go into its DEBIAN."""
    control = directory / "tree" / "DEBIAN"
    control.mkdir(parents=True)
    given = dict(field.split(": ", 1) for field in fields)
    defaults = {
        "Package": "autoheal-agent", "Version": "0.1.0-1", "Architecture": "all", "Maintainer": "x <x@example.com>",
        "Description": "x",
    }  # fmt: skip
    (control / "control").write_text("".join(f"{key}: {value}\n" for key, value in (defaults | given).items()))
    for name, text in files.items():
        (control / name).write_text(text)
        (control / name).chmod(0o755)
    path = directory / f"{given.get('Package', 'a')}.deb"
    subprocess.run(["dpkg-deb", "--build", directory / "tree", path], check=True, capture_output=True)
    return path


def from_url(package, server, *options):
    return generate(
        "userdata", "--package-url", server.url, "--package-sha256", digest(package), "--format", "shell", *options
    )  # fmt: skip


def test_run_installs_the_package_once_the_address_is_there_and_again_changes_nothing(sandbox, package):
    server = Server(package, failures=4)
    text = generate(
        "userdata", "--package-url", server.url, "--package-sha256", digest(package), "--format", "shell",
        "--volume-id", "vol-0123456789abcdef0",
    )  # fmt: skip
    said = sandbox.run(text, text)
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said
    assert "exit" not in said.replace("exit code", "")
    assert server.requests == 5, "the second run downloaded again"
    assert "try 1: cannot download" in said and "503" in said
    assert sandbox.read("systemctl").splitlines() == STARTED + RELOADED
    (volume,) = tomllib.loads(sandbox.read(CONFIGURATION))["volume"]
    assert volume["volume-id"] == "vol-0123456789abcdef0"
    assert "FAILED" not in sandbox.read("console")


# As unattended-upgrades on a first boot: it has dpkg's lock when the script begins, and for some seconds more.
BUSY = """
printf '#!/bin/sh\\necho "$*" >> {shared}/calls\\nexec /usr/bin/apt-get "$@"\\n' > {shared}/apt-get
chmod 755 {shared}/apt-get
python3 - <<'END' &
import fcntl, os, pathlib, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
pathlib.Path("{shared}/held").touch()
while not os.path.exists("{shared}/calls"):
    pass
time.sleep(4)
END
until [ -e {shared}/held ]; do :; done
"""


def test_run_waits_for_another_program_that_installs(sandbox, package):
    text = generate(
        "userdata", "--package-url", Server(package).url, "--package-sha256", digest(package), "--format", "shell"
    )  # fmt: skip
    said = sandbox.run(BUSY.format(shared=sandbox.shared), text)
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said
    assert len(sandbox.read("calls").splitlines()) == 1, "it was tried again, not waited for: " + said


def test_run_installs_nothing_that_has_another_digest_and_says_so_on_the_console(sandbox, package):
    server = Server(package, content=b"something else")
    text = generate(
        "userdata", "--package-url", server.url, "--package-sha256", digest(package), "--format", "shell"
    )  # fmt: skip
    said = sandbox.run("touch /dev/console", text, "echo the boot goes on")
    assert sandbox.read("dpkg") == "" and not sandbox.read("systemctl")
    assert "exit 1" in said and "the boot goes on" in said
    assert "FAILED" in sandbox.read("console") and "nothing was installed" in sandbox.read("console")


def test_run_gives_a_download_up_in_the_end_and_says_so_on_the_console(sandbox):
    text = generate(
        "userdata", "--package-url", "http://127.0.0.1:9/a.deb", "--package-sha256", "0" * 64, "--format", "shell"
    )  # fmt: skip
    said = sandbox.run("touch /dev/console", text.replace("30 * 60", "1"), "echo the boot goes on")
    assert "gave up after" in sandbox.read("console") and "exit 1" in said and "the boot goes on" in said


def test_run_preinstalled_writes_the_configuration_and_starts_the_unit(sandbox):
    sandbox.run(generate("userdata", "--preinstalled", "--format", "shell"))
    assert sandbox.read("systemctl").splitlines() == RELOADED
    assert tomllib.loads(sandbox.read(CONFIGURATION))["volume"] == [{"device": "/dev/sdf", "mount-point": "/data"}]


@pytest.fixture(scope="session")
def repository(package, tmp_path_factory):
    """A signed apt repository on loopback, and the file with its key."""
    if not shutil.which("gpg"):
        pytest.skip("gpg is not installed")
    root = tmp_path_factory.mktemp("repository")
    home = Path(tempfile.mkdtemp(prefix="gpg"))
    gpg = ["gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback"]
    subprocess.run([*gpg, "--quick-generate-key", "test@example.com", "rsa2048", "sign"], check=True)
    key = subprocess.run([*gpg, "--armor", "--export"], check=True, capture_output=True, text=True).stdout
    (root / "key.asc").write_text(key)
    (root / "a.deb").write_bytes(package.read_bytes())
    control = subprocess.run(["dpkg-deb", "--field", package], check=True, capture_output=True, text=True).stdout
    size = package.stat().st_size
    (root / "Packages").write_text(f"{control}Filename: a.deb\nSize: {size}\nSHA256: {digest(package)}\n")
    packages = root / "Packages"
    release = root / "Release"
    release.write_text(f"Suite: test\nSHA256:\n {digest(packages)} {packages.stat().st_size} Packages\n")
    subprocess.run([*gpg, "--clearsign", "--output", root / "InRelease", release], check=True)
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], capture_output=True)
    shutil.rmtree(home, ignore_errors=True)
    handler = functools.partial(QuietFiles, directory=root)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port} ./", root / "key.asc"


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


NO_OTHER_SOURCE = "rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*"


def test_run_installs_the_pinned_version_from_a_signed_apt_source(sandbox, repository):
    source, key = repository
    options = ("--apt-source", source, "--apt-key", key, "--package-version", "0.1.0-1")
    text = generate("userdata", *options, "--format", "shell")
    said = sandbox.run(NO_OTHER_SOURCE, text, text)
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said
    assert "Pin: version 0.1.0-1" in sandbox.read("preferences.d/autoheal-agent")
    assert sandbox.read("systemctl").splitlines() == STARTED + RELOADED


def test_run_installs_nothing_from_an_apt_source_with_another_key(sandbox, repository, apt):
    options = ("--apt-source", repository[0], *apt[2:])
    text = generate("userdata", *options, "--format", "shell").replace("30 * 60", "1")
    said = sandbox.run(NO_OTHER_SOURCE, "touch /dev/console", text)
    assert sandbox.read("dpkg") == "" and "exit 1" in said
    assert "cannot install autoheal-agent 0.1.0-1 from http://127.0.0.1" in sandbox.read("console")


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


# What a first boot may meet.


INSTANCE = "mkdir -p /run/cloud-init; echo i-0123456789abcdef0 >/run/cloud-init/.instance-id"


def test_run_names_its_instance_before_any_agent_is_there(sandbox):
    """Whatever an image brought is gone, and an image that is made now acts on nothing."""
    former = "mkdir -p /etc/autoheal-agent; echo 'instance-id = \"i-00000001\"' >/etc/autoheal-agent/config.toml"
    text = generate(
        "userdata", "--package-url", "http://127.0.0.1:9/a.deb", "--package-sha256", "0" * 64, "--format", "shell"
    )  # fmt: skip
    said = sandbox.run(INSTANCE, former, text.replace("30 * 60", "1"))
    assert "gave up after" in said
    assert tomllib.loads(sandbox.read(CONFIGURATION)) == {
        "instance-id": "i-0123456789abcdef0", "volume": [{"device": "/dev/sdf", "mount-point": "/data"}],
    }  # fmt: skip


def test_run_names_none_where_cloud_init_knows_none(sandbox):
    sandbox.run(INSTANCE.replace("i-0123456789abcdef0", "iid-datasource-none"), generate("userdata", "--preinstalled", "--format", "shell"))
    assert "instance-id" not in tomllib.loads(sandbox.read(CONFIGURATION))


def test_run_does_without_the_name_where_the_agent_does_not_know_it(sandbox):
    agent = f'#!/bin/sh\n[ "$2" != check ] || ! grep -q ^instance-id "${{3:-/{CONFIGURATION}}}"\n'
    (sandbox.shared / "autoheal-agent").write_text(agent)
    (sandbox.shared / "autoheal-agent").chmod(0o755)
    sandbox.run("touch /dev/console", INSTANCE, generate("userdata", "--preinstalled", "--format", "shell"))
    assert set(tomllib.loads(sandbox.read(CONFIGURATION))) == {"volume"}
    assert "uses a configuration on every instance" in sandbox.read("console")


def test_run_says_that_the_agent_does_not_take_the_configuration(sandbox):
    (sandbox.shared / "autoheal-agent").write_text('#!/bin/sh\n[ "$2" != check ] || { echo "config.toml:5: bad" >&2; exit 78; }\n')
    (sandbox.shared / "autoheal-agent").chmod(0o755)
    said = sandbox.run("touch /dev/console", generate("userdata", "--preinstalled", "--format", "shell"))
    assert "exit 1" in said and "the configuration is wrong: config.toml:5: bad" in sandbox.read("console")
    assert "start" not in sandbox.read("systemctl")


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
    assert not [line for line in sandbox.read("systemctl").splitlines() if line.split()[0] in ("enable", "start", "restart")]
    assert not sandbox.read(RESUMES)


def test_run_takes_the_pinned_version_where_the_image_has_a_newer_one(sandbox, package, tmp_path):
    newer = built(tmp_path, "Version: 0.3.0-1")
    newer.rename(sandbox.shared / "newer.deb")
    said = sandbox.run(f"dpkg --install {sandbox.shared}/newer.deb", from_url(package, Server(package)))
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said


def test_run_quotes_the_cause_that_dpkg_names_below_its_error(sandbox, tmp_path):
    package = built(tmp_path, preinst="#!/bin/sh\necho 'no room for it' >&2; exit 28\n")
    text = from_url(package, Server(package)).replace("30 * 60", "1")
    sandbox.run(NO_OTHER_SOURCE, "touch /dev/console", text)
    console = sandbox.read("console")
    assert "dpkg: error processing" in console or "E: " in console, console
    assert "exit status 28" in console, console


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


def test_run_fails_at_once_and_for_good_without_curl_and_wget(sandbox, package):
    server = Server(package)
    said = sandbox.run("touch /dev/console; rm -f /usr/bin/curl /usr/bin/wget", from_url(package, server))
    assert "exit 1" in said and "neither curl nor wget" in sandbox.read("console")
    assert not sandbox.read(RESUMES) and server.requests == 0


def test_run_fails_at_once_and_for_good_with_a_package_for_another_machine(sandbox, tmp_path):
    package = built(tmp_path, "Architecture: s390x")
    server = Server(package)
    said = sandbox.run("touch /dev/console", from_url(package, server))
    assert "exit 1" in said and "is for s390x, and this machine is" in sandbox.read("console")
    assert not sandbox.read(RESUMES) and server.requests == 1


def test_run_quotes_apt_on_the_console_and_the_next_boot_tries_again(sandbox, tmp_path):
    package = built(tmp_path, "Depends: no-such-library (>= 7)")
    server = Server(package)
    text = from_url(package, server).replace("30 * 60", "1")
    said = sandbox.run(NO_OTHER_SOURCE, "touch /dev/console", text)
    console = sandbox.read("console")
    assert "exit 1" in said and "Depends: no-such-library" in console, console
    assert "the next boot tries again" in console and sandbox.read(RESUMES)
    assert "install" not in sandbox.read("dpkg").split(), "it is left half installed"


BROKEN_SOURCES = """
printf 'Types: deb\nURIs: http://127.0.0.1:9\nSuites: x\nComponents: y\n' >/etc/apt/sources.list.d/gone.sources
"""
UNREADABLE_SOURCES = BROKEN_SOURCES + "echo 'this is no source' >/etc/apt/sources.list.d/broken.list"


@pytest.mark.parametrize("broken", [BROKEN_SOURCES, UNREADABLE_SOURCES], ids=["gone", "unreadable"])
def test_run_installs_whatever_is_wrong_with_the_other_sources(sandbox, package, repository, broken):
    source, key = repository
    options = ("--apt-source", source, "--apt-key", key, "--package-version", "0.1.0-1")
    text = generate("userdata", *options, "--format", "shell").replace("30 * 60", "1")
    said = sandbox.run(NO_OTHER_SOURCE, broken, text)
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said
    sandbox.run("rm -rf /var/lib/dpkg/info/autoheal-agent*", broken, from_url(package, Server(package)))
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1"


def test_run_fails_if_the_apt_source_has_no_package_for_this_machine(sandbox, repository):
    source, key = repository
    options = ("--apt-source", source, "--apt-key", key, "--package-version", "0.2.0-1")
    said = sandbox.run(NO_OTHER_SOURCE, "touch /dev/console", generate("userdata", *options, "--format", "shell"))
    assert "exit 1" in said and "it has no autoheal-agent=0.2.0-1 for" in sandbox.read("console")
    assert not sandbox.read(RESUMES)


def test_run_repairs_a_dpkg_that_was_interrupted(sandbox, repository, tmp_path):
    source, key = repository
    options = ("--apt-source", source, "--apt-key", key, "--package-version", "0.1.0-1")
    half = built(tmp_path, "Package: half", postinst="#!/bin/sh\ntest -e /tmp/may-be-configured\n")
    interrupted = f"""
dpkg --install {half}
touch /tmp/may-be-configured
dpkg-query --status half >/var/lib/dpkg/updates/0001
"""
    half.rename(sandbox.shared / half.name)
    interrupted = interrupted.replace(str(half), str(sandbox.shared / half.name))
    text = generate("userdata", *options, "--format", "shell").replace("30 * 60", "1")
    said = sandbox.run(NO_OTHER_SOURCE, interrupted, text, "dpkg-query -W -f 'half is ${Status}' half")
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said
    assert "half is install ok installed" in said, said


def test_run_is_not_held_up_by_a_console_that_has_been_stopped(sandbox, package):
    server = Server(package, failures=1)
    # Nobody reads, so that whoever opens it waits.
    said = sandbox.run("mkfifo /dev/console", from_url(package, server), "rm /dev/console")
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said


def test_run_forgets_a_policy_that_the_image_brought(sandbox):
    drop_in = "/etc/systemd/system/autoheal-agent.service.d/10-power-off-on-failure.conf"
    sandbox.run(f"mkdir -p {os.path.dirname(drop_in)}; touch {drop_in}", generate("userdata", "--preinstalled", "--format", "shell"))
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
    done = "[ -e {0}/state ] && grep -q activating {0}/state && grep -q kill {0}/systemctl".format(sandbox.shared)
    agent = f'#!/bin/sh\n[ "$2" != changed ] || {{ {done} && exit 1; exit 0; }}\n'
    (sandbox.shared / "autoheal-agent").write_text(agent)
    (sandbox.shared / "autoheal-agent").chmod(0o755)
    sandbox.run(STATES.format(shared=sandbox.shared, then=then), generate("userdata", "--preinstalled", "--format", "shell"))
    asked = [line.removesuffix(" autoheal-agent.service") for line in sandbox.read("systemctl").splitlines()]
    assert asked[-1] == last and asked.count("kill --kill-who=main") == 1, asked


MASKED = """
printf '#!/bin/sh\\ncase $1 in is-enabled) exit 1 ;; enable) echo "Unit file is masked." >&2; exit 1 ;; esac\\n' >/usr/bin/systemctl
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
    said = sandbox.run(prepare, text, "cp /etc/fstab " + str(sandbox.shared / "first"), text, "cp /etc/fstab " + str(sandbox.shared))
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
    said = sandbox.run("printf 'UUID=x / ext4 defaults 0 1\n' >/etc/fstab\n", former, text, "cp /etc/fstab " + str(sandbox.shared))
    line = LINE.replace("/data", "/srv/my\\040data")
    assert sandbox.read("fstab").splitlines() == ["UUID=x / ext4 defaults 0 1", MARK, line], said
    calls = sandbox.read("systemctl").splitlines()
    assert "start --no-block srv-my\\x20data.mount" in calls, calls


def test_fstab_has_no_place_for_what_is_not_a_volume(tmp_path):
    for arguments, words in [
        (("--preinstalled", "--mount-with", "fstab"), "volume-id"),
        (("--preinstalled", *FSTAB, "--power-off-on-failure"), "--power-off-on-failure"),
    ]:
        done = run("userdata", *arguments)
        assert done.returncode != 0 and words in done.stderr, done
