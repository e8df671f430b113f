"""Runs autoheal-generate and reads what it writes, as CloudFormation, cloud-init and Terraform would.

    swift build --product autoheal-generate
    python3 -m pip install -r Tests/StackTests/requirements.txt
    python3 -m pytest Tests/StackTests

The program is taken from AUTOHEAL_GENERATE, or from the newest build. Nothing leaves this machine: what talks to an
API talks to moto on loopback, with dummy credentials. Tests that need root or a tool say so when they are skipped;
`script/test` fails then.
"""

import functools
import http.server
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

import loopback  # noqa: F401  (before anything looks at the environment)
from combinations import URL
from generator import template
from publisher import Publisher, end_agent, make_key
from sandbox import QuietFiles, Sandbox, built, digest


def pytest_collection_modifyitems(items):
    """What mostly waits goes first, so that xdist does the others meanwhile."""
    items.sort(key=lambda each: "apply" not in each.name)


@pytest.fixture(scope="session")
def stack():
    """The default stack with a package, as it would be deployed."""
    return template(*URL)


APT_KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----\n"


@pytest.fixture
def apt(tmp_path):
    (tmp_path / "key.asc").write_text(APT_KEY)
    source = ("--apt-source", "https://apt.example.com bookworm main", "--apt-key", tmp_path / "key.asc")
    return (*source, "--package-version", "0.1.0-1")


@pytest.fixture(params=["url", "apt", "preinstalled"])
def source(request, apt):
    return {"url": URL, "apt": apt, "preinstalled": ("--preinstalled",)}[request.param]


@pytest.fixture
def sandbox(tmp_path):
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("needs root, for a mount namespace")
    probe = (
        "mount -t tmpfs none /mnt && mkdir /mnt/a /mnt/b /mnt/c && mount -t overlay none -o "
        "lowerdir=/,upperdir=/mnt/a,workdir=/mnt/b /mnt/c"
    )
    if subprocess.run(["unshare", "--mount", "sh", "-c", probe], capture_output=True).returncode:
        pytest.skip("this kernel allows no overlay in a mount namespace")
    return Sandbox(tmp_path)


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """A package of the right name, with nothing in it."""
    return built(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def repository(package, tmp_path_factory):
    """A signed apt repository on loopback, and the file with its key."""
    if not shutil.which("gpg"):
        pytest.skip("gpg is not installed")
    root = tmp_path_factory.mktemp("repository")
    home = Path(tempfile.mkdtemp(prefix="gpg"))
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback"]
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


@pytest.fixture(scope="session")
def home():
    """Of gpg, whose socket bears no long path."""
    if not shutil.which("gpg"):
        pytest.skip("gpg is not installed")
    home = Path(tempfile.mkdtemp(prefix="gpg"))
    yield home
    end_agent(home)


@pytest.fixture(scope="session")
def keys(home):
    """The fingerprints of a publisher's keys."""
    return {name: make_key(home, name) for name in ("old", "new")}


@pytest.fixture(scope="session")
def publish(home, tmp_path_factory):
    return Publisher(home, tmp_path_factory.mktemp("packages"))
