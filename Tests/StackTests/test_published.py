"""What script/publish has published is installed by the real apt, from a web server, or refused by it."""

import functools
import http.server
import shutil
import subprocess
import threading

import pytest

from generator import generate, impatient
from publisher import IN_RELEASE, INDEX, told
from sandbox import NO_OTHER_SOURCE, QuietFiles


@pytest.fixture
def www(tmp_path):
    """A directory that is served on loopback, and its address."""
    root = tmp_path / "www"
    root.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(QuietFiles, directory=root))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield root, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def published(publish, keys, www):
    """Publishes a version there; gives what a person is told."""
    root, url = www

    def published(version="0.1.0-1", signers=("old",)):
        by = [word for each in signers for word in ("--key", each)]
        return publish(root, "--deb", publish.package(version), "--url", url, *by)

    return published


def exported(publish, directory, *keys):
    """A public key as its owner hands it out."""
    path = directory / f"{'-'.join(keys)}.asc"
    command = ["gpg", "--armor", "--export-options", "export-minimal", "--export", *keys]
    path.write_bytes(subprocess.run(command, capture_output=True, check=True, env=publish.environment).stdout)
    return path


def by_apt(said, key, version=None):
    """User data as a person is told to have it generated."""
    source, newest = told(said, "--apt-source"), told(said, "--package-version")
    options = ("--apt-source", source, "--apt-key", key, "--package-version", version or newest)
    return impatient(generate("userdata", *options, "--format", "shell"))


@pytest.mark.parametrize("version", ["0.1.0-1", "0.2.0~rc1+b1-1"], ids=["the older one", "the newest one"])
def test_apt_installs_the_version_that_is_pinned(sandbox, publish, published, tmp_path, version):
    published("0.1.0-1")
    said = published("0.2.0~rc1+b1-1")
    assert "It can be read from here" in said
    did = sandbox.run(NO_OTHER_SOURCE, by_apt(said, exported(publish, tmp_path, "old"), version))
    assert sandbox.read("dpkg") == f"install ok installed {version}", did


def test_a_package_is_installed_by_its_address_and_digest(sandbox, published):
    said = published("0.2.0~rc1+b1-1")
    package = ("--package-url", told(said, "--package-url"), "--package-sha256", told(said, "--package-sha256"))
    did = sandbox.run(NO_OTHER_SOURCE, generate("userdata", *package, "--format", "shell"))
    assert sandbox.read("dpkg") == "install ok installed 0.2.0~rc1+b1-1", did


def changed_index(root):
    (index,) = (root / INDEX / "by-hash" / "SHA256").iterdir()
    for path in (index, root / INDEX / "Packages"):
        path.write_bytes(path.read_bytes().replace(b"Description: x", b"Description: y"))


def changed_release(root):
    path = root / IN_RELEASE
    path.write_bytes(path.read_bytes().replace(b"Components: main", b"Components: main other"))


def changed_package(root):
    (path,) = root.glob("pool/main/a/autoheal-agent/*.deb")
    path.write_bytes(path.read_bytes().replace(b"debian-binary", b"debian-binarY"))


def lost_signature(root):
    (root / IN_RELEASE).unlink()
    (root / "dists/stable/Release.gpg").unlink()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (changed_index, "by-hash/SHA256/"),
        (changed_release, "is not signed"),
        (changed_package, "Hash Sum mismatch"),
        (lost_signature, "is not signed"),
    ],
)
def test_apt_installs_nothing_of_what_was_changed_later(sandbox, publish, published, www, tmp_path, change, words):
    said = published()
    change(www[0])
    did = sandbox.run(NO_OTHER_SOURCE, "touch /dev/console", by_apt(said, exported(publish, tmp_path, "old")))
    assert sandbox.read("dpkg") == "" and "exit 1" in did
    console = sandbox.read("console")
    assert "cannot install autoheal-agent 0.1.0-1 from http://127.0.0.1" in console and words in console, did


# Who has signed, which key an instance was told, and whether that is enough.
ROTATION = {
    "before, with the old key": (["old"], "old", True),
    "both sign, and it has the old key": (["old", "new"], "old", True),
    "both sign, and it has the new key": (["old", "new"], "new", True),
    "after, with the new key": (["new"], "new", True),
    "after, with the old key": (["new"], "old", False),
}


@pytest.mark.parametrize(("signers", "known", "is_installed"), ROTATION.values(), ids=ROTATION)
def test_apt_goes_from_one_key_to_the_other(sandbox, publish, published, tmp_path, signers, known, is_installed):
    said = published(signers=signers)
    did = sandbox.run(NO_OTHER_SOURCE, "touch /dev/console", by_apt(said, exported(publish, tmp_path, known)))
    assert (sandbox.read("dpkg") == "install ok installed 0.1.0-1") is is_installed, did
    assert is_installed or "is not signed" in sandbox.read("console")


def test_a_client_that_has_read_the_index_before_still_finds_all_that_it_names(
    sandbox, publish, published, www, tmp_path
):
    """As one that reads while the next version is published."""
    root, _ = www
    said = published()
    text = by_apt(said, exported(publish, tmp_path, "old"))
    read_before = tmp_path / "InRelease"
    shutil.copy(root / IN_RELEASE, read_before)
    published("0.2.0-1")
    shutil.copy(read_before, root / IN_RELEASE)
    did = sandbox.run(NO_OTHER_SOURCE, text)
    assert sandbox.read("dpkg") == "install ok installed 0.1.0-1", did
