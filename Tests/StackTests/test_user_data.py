"""The user data: checked by the tools, and run for real where it cannot touch this machine."""

import base64
import email
import functools
import gzip
import http.server
import os
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
        files = [each["content"] for each in yaml.safe_load(text)["write_files"]]
        return [each for each in files if each.startswith("#!")]
    parts = [each for each in email.message_from_string(text).walk() if not each.is_multipart()]
    return [each.get_payload(decode=True).decode() for each in parts]


@pytest.mark.parametrize("form", ["cloud-config", "shell", "mime"])
def test_the_shells_and_shellcheck_accept_every_script(form, source, tmp_path):
    text = generate("userdata", *source, "--format", form, "--power-off-on-failure")
    for script in scripts(text):
        path = tmp_path / "script"
        path.write_text(script)
        for command in ["bash", "-n"], ["dash", "-n"], ["shellcheck", "--severity=style", "--shell=sh"]:
            if shutil.which(command[0]):
                done = subprocess.run([*command, path], capture_output=True, text=True)
                assert not done.returncode, done.stdout + done.stderr


def test_cloud_init_accepts_the_cloud_config(source):
    text = generate("userdata", *source)
    # Older versions of the schema do not refuse unknown keys at the top.
    assert set(yaml.safe_load(text)) == {"write_files", "runcmd"}
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
printf '#!/bin/sh\\necho "$*" >> {shared}/systemctl\\n' > {base}/root/usr/bin/systemctl
printf '#!/bin/sh\\n' > {base}/root{shared}/sleep
chmod 755 {base}/root/usr/bin/systemctl {base}/root{shared}/sleep
cd {base}/root
for each in {scripts}; do
    chroot . env PATH={shared}:/usr/sbin:/usr/bin:/sbin:/bin sh "$each" || echo "exit $?"
done
touch dev/console
cp dev/console {shared}/console
rm -rf {shared}/etc
mkdir -p {shared}/etc
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
    root = tmp_path_factory.mktemp("package")
    (root / "tree" / "DEBIAN").mkdir(parents=True)
    (root / "tree" / "DEBIAN" / "control").write_text(
        "Package: autoheal-agent\nVersion: 0.1.0-1\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: x\n"
    )
    subprocess.run(["dpkg-deb", "--build", root / "tree", root / "a.deb"], check=True, capture_output=True)
    return root / "a.deb"


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


STARTED = ["daemon-reload", "enable --quiet autoheal-agent.service", "start --no-block autoheal-agent.service"]


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
    assert sandbox.read("systemctl").splitlines() == STARTED * 2
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
    assert sandbox.read("systemctl").splitlines() == STARTED
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
    assert sandbox.read("systemctl").splitlines() == STARTED * 2


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
from cloudinit.config import cc_write_files, cc_runcmd
data = yaml.safe_load(open("{sandbox.shared}/user-data"))
cloud = mock.Mock()
cloud.distro.default_owner = "root:root"
cloud.get_ipath_cur.return_value = cloud.get_ipath.return_value = "{sandbox.shared}"
for module in cc_write_files, cc_runcmd:
    try:
        module.handle("name", data, cloud, logging.getLogger(), [])
    except TypeError:
        module.handle("name", data, cloud, [])
END
mkdir -p {sandbox.shared}/scripts
sh {sandbox.shared}/runcmd 2>/dev/null || sh {sandbox.shared}/scripts/runcmd
"""
    said = sandbox.run(program)
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", said + sandbox.done.stderr
    assert sandbox.read("systemctl").splitlines() == STARTED
