"""script/publish into a directory: what is there afterwards, what is refused, and what never changes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from generator import generate
from publisher import ARCHITECTURE, IN_RELEASE, INDEX, PUBLISH, files, make_key, sha256, told, versions

sys.path.append(str(PUBLISH.with_name("publish.d")))
import publishing
import stores

POOL = f"pool/main/a/autoheal-agent/autoheal-agent_0.1.0-1_{ARCHITECTURE}.deb"


def test_without_a_key_there_is_the_package_alone_and_its_address_and_digest_are_told(publish, tmp_path):
    said = publish(tmp_path / "www", "--deb", publish.package())
    assert set(files(tmp_path / "www")) == {POOL}
    assert (tmp_path / "www" / POOL).read_bytes() == publish.package().read_bytes()
    assert "There is no apt repository" in said and "--apt-source" not in said
    assert told(said, "PackageSha256") == sha256(publish.package().read_bytes())
    assert told(said, "PackageUrl").endswith("/" + POOL)


def test_with_a_key_there_is_a_signed_repository_whose_index_is_found_by_its_digest(publish, keys, tmp_path):
    publish(tmp_path, "--deb", publish.package(), "--key", "old")
    digest = sha256((tmp_path / INDEX / "Packages").read_bytes())
    assert set(files(tmp_path)) == {
        POOL, "autoheal.asc", "autoheal.gpg", f"{INDEX}/Packages", f"{INDEX}/by-hash/SHA256/{digest}",
        "dists/stable/Release", "dists/stable/Release.gpg", "dists/stable/InRelease",
    }  # fmt: skip
    assert "Acquire-By-Hash: yes" in (tmp_path / "dists/stable/Release").read_text()
    for signed in (["Release.gpg", "Release"], ["InRelease"]):
        command = [
            "gpgv",
            "--keyring",
            tmp_path / "autoheal.gpg",
            *(tmp_path / "dists/stable" / each for each in signed),
        ]
        assert subprocess.run(command, capture_output=True).returncode == 0, signed
    assert versions(tmp_path) == [f"0.1.0-1 {ARCHITECTURE}"]


def test_every_version_and_architecture_stays_in_the_repository(publish, keys, tmp_path):
    for version, architecture in (("0.1.0-1", "amd64"), ("0.1.0-1", "arm64"), ("0.2.0~rc1+b1-1", "amd64")):
        said = publish(tmp_path, "--deb", publish.package(version, architecture), "--key", keys["old"])
    assert versions(tmp_path) == ["0.1.0-1 amd64", "0.1.0-1 arm64", "0.2.0~rc1+b1-1 amd64"]
    # A plus is a space to S3.
    assert told(said, "PackageUrl").endswith("/autoheal-agent_0.2.0~rc1%2Bb1-1_amd64.deb")


def test_the_same_package_again_changes_nothing(publish, keys, tmp_path):
    publish(tmp_path, "--deb", publish.package(), "--key", "old")
    before = files(tmp_path)
    said = publish(tmp_path, "--deb", publish.package(), "--key", "old")
    assert files(tmp_path) == before and "nothing was changed" in said


@pytest.mark.parametrize("key", [[], ["--key", "old"]], ids=["alone", "repository"])
def test_another_package_of_the_same_version_is_refused_and_nothing_changes(publish, keys, tmp_path, key):
    publish(tmp_path, "--deb", publish.package(), *key)
    before = files(tmp_path)
    error = publish.refused(73, tmp_path, "--deb", publish.package(description="other"), *key)
    assert "exists with another content" in error and POOL in error and "another version" in error
    assert files(tmp_path) == before


def test_a_version_that_was_deleted_from_the_pool_does_not_come_back_with_another_content(publish, keys, tmp_path):
    publish(tmp_path, "--deb", publish.package(), "--key", "old")
    (tmp_path / POOL).unlink()
    error = publish.refused(73, tmp_path, "--deb", publish.package(description="other"), "--key", "old")
    assert "another version" in error and not (tmp_path / POOL).exists()
    publish(tmp_path, "--deb", publish.package(), "--key", "old")
    assert versions(tmp_path) == [f"0.1.0-1 {ARCHITECTURE}"]


def test_the_keys_of_the_user_stay_as_they_are_and_only_public_ones_are_published(publish, keys, home, tmp_path):
    before = files(home)
    publish(tmp_path, "--deb", publish.package(), "--key", "old", "--key", "new")
    publish(tmp_path, "--deb", publish.package("0.2.0-1"), "--key", "old")
    assert files(home) == before
    assert not [name for name, (content, _) in files(tmp_path).items() if b"PRIVATE KEY" in content]
    for name in ("autoheal.asc", "autoheal.gpg"):
        packets = subprocess.run(["gpg", "--list-packets", tmp_path / name], capture_output=True, text=True).stdout
        assert ":public key packet:" in packets and ":secret" not in packets


class WasCut(Exception):
    pass


class CutShort(stores.Directory):
    """Ends before it has written as much as it should."""

    def __init__(self, root: Path, writes: int) -> None:
        super().__init__(root)
        self.writes = writes

    def _spend(self) -> None:
        if self.changes == self.writes:
            os.close(self.lock)
            raise WasCut

    def create(self, name: str, content: bytes) -> None:
        self._spend()
        super().create(name, content)

    def replace(self, name: str, content: bytes) -> None:
        self._spend()
        super().replace(name, content)


@pytest.mark.parametrize("writes", range(6))
def test_whoever_reads_meanwhile_or_after_it_was_cut_short_finds_all_that_is_named(
    publish, keys, home, tmp_path, monkeypatch, writes
):
    publish(tmp_path, "--deb", publish.package(), "--key", "old")
    read_before = (tmp_path / IN_RELEASE).read_bytes()
    newer = publish.package("0.2.0-1")
    monkeypatch.setenv("GNUPGHOME", str(home))
    monkeypatch.setattr(sys, "argv", ["publish", str(tmp_path), "--deb", str(newer), "--key", "old"])
    monkeypatch.setattr(publishing, "Directory", lambda root: CutShort(root, writes))
    with pytest.raises(WasCut):
        publishing.main()
    assert versions(tmp_path) == [f"0.1.0-1 {ARCHITECTURE}"]

    publish(tmp_path, "--deb", newer, "--key", "old")
    assert versions(tmp_path) == [f"0.1.0-1 {ARCHITECTURE}", f"0.2.0-1 {ARCHITECTURE}"]
    command = [
        "gpgv",
        "--keyring",
        tmp_path / "autoheal.gpg",
        *(tmp_path / f"dists/stable/Release{end}" for end in (".gpg", "")),
    ]
    assert subprocess.run(command, capture_output=True).returncode == 0
    (tmp_path / IN_RELEASE).write_bytes(read_before)
    assert versions(tmp_path) == [f"0.1.0-1 {ARCHITECTURE}"]


def test_two_runs_at_once_do_not_mix(publish, keys, tmp_path):
    held = stores.Directory(tmp_path)
    assert "try again" in publish.refused(75, tmp_path, "--deb", publish.package(), "--key", "old")
    os.close(held.lock)
    publish(tmp_path, "--deb", publish.package(), "--key", "old")


def test_an_index_that_somebody_else_has_changed_is_not_signed_again(publish, keys, tmp_path):
    publish(tmp_path, "--deb", publish.package(), "--key", "old")
    before = (tmp_path / IN_RELEASE).read_text()

    (tmp_path / IN_RELEASE).write_text(before.replace("Components: main", "Components: main evil"))
    error = publish.refused(65, tmp_path, "--deb", publish.package("0.2.0-1"), "--key", "old")
    assert "is not signed again" in error

    (tmp_path / IN_RELEASE).write_text(before)
    (index,) = (tmp_path / INDEX / "by-hash" / "SHA256").iterdir()
    index.write_bytes(index.read_bytes().replace(b"0.1.0", b"0.9.0"))
    error = publish.refused(65, tmp_path, "--deb", publish.package("0.2.0-1"), "--key", "old")
    assert "damaged" in error and str(index) in error
    assert "0.2.0" not in str(list(tmp_path.rglob("*")))


def test_a_key_is_followed_by_another_one_through_both(publish, keys, tmp_path):
    package = ("--deb", publish.package())
    publish(tmp_path, *package, "--key", "old")
    before = files(tmp_path)
    assert "--key OLD --key NEW" in publish.refused(65, tmp_path, *package, "--key", "new")
    assert files(tmp_path) == before
    said = publish(tmp_path, *package, "--key", "old", "--key", "new")
    assert keys["old"] in said and keys["new"] in said
    assert signers(tmp_path) == {keys["old"], keys["new"]}
    publish(tmp_path, *package, "--key", "new")
    assert signers(tmp_path) == {keys["new"]}
    assert "nothing was changed" in publish(tmp_path, *package, "--key", "new")


def signers(root):
    listed = subprocess.run(
        ["gpg", "--show-keys", "--with-colons", root / "autoheal.asc"], capture_output=True, text=True
    ).stdout
    known = {line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr")}
    command = ["gpgv", "--status-fd", "1", "--keyring", root / "autoheal.gpg", root / IN_RELEASE]
    status = subprocess.run(command, capture_output=True, text=True).stdout
    assert "NO_PUBKEY" not in status
    found = {line.split()[-1] for line in status.splitlines() if "VALIDSIG" in line}
    assert found == known
    return found


def test_of_a_key_that_expires_it_is_said_when(publish, home, tmp_path):
    make_key(home, "brief", "2d")
    said = publish(tmp_path, "--deb", publish.package(), "--key", "brief")
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 2 * 86400))
    assert f"The key expires on {day}" in said and "refuse the repository" in said


def test_what_a_stack_is_told_is_taken_by_the_generator(publish, keys, home, tmp_path):
    said = publish(
        tmp_path, "--deb", publish.package("0.2.0~rc1+b1-1"), "--key", "new", "--url", "http://127.0.0.1:9/autoheal/"
    )
    assert "It cannot be read from here" in said
    url, digest = told(said, "--package-url"), told(said, "--package-sha256")
    assert url.startswith("http://127.0.0.1:9/autoheal/pool/")
    assert (url, digest) == (told(said, "PackageUrl"), told(said, "PackageSha256"))
    assert url in generate("cloudformation", "--package-url", url, "--package-sha256", digest)

    (export,) = (line for line in said.splitlines() if "gpg --armor" in line)
    subprocess.run(export, shell=True, check=True, cwd=tmp_path, env=publish.environment)
    source, version = told(said, "--apt-source"), told(said, "--package-version")
    options = ("--apt-source", source, "--apt-key", tmp_path / "autoheal.asc", "--package-version", version)
    assert "URIs: http://127.0.0.1:9/autoheal\n" in generate("userdata", *options, "--format", "shell")


WRONG = {
    "no place": (["--public"], 64, "DIR"),
    "another scheme": (["https://bucket/x"], 64, "neither a directory nor s3://"),
    "a bucket with one slash": (["s3:/bucket"], 64, "s3://BUCKET"),
    "a policy for a directory": (["DIR", "--public"], 64, "about a bucket"),
    "an endpoint of another kind": (["s3://bucket", "--endpoint-id", "vpc-1"], 64, "vpce-"),
    "an address with a query": (["DIR", "--url", "https://example.com/?X-Amz-Signature=a"], 64, "without a query"),
    "no such package": (["DIR", "--deb", "/nowhere/a.deb"], 66, "no file /nowhere/a.deb"),
    "no package": (["DIR", "--deb", __file__], 65, "is no package"),
    "no such key": (["DIR", "--deb", "PACKAGE", "--key", "nobody"], 78, "no secret key nobody"),
    "several such keys": (["DIR", "--deb", "PACKAGE", "--key", "example.com"], 64, "several secret keys"),
    "a place that cannot be": (["/dev/null/www", "--deb", "PACKAGE"], 74, "/dev/null/www"),
}


@pytest.mark.parametrize(("arguments", "status", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_and_nothing_is_published(publish, keys, tmp_path, arguments, status, words):
    given = {"DIR": tmp_path / "www", "PACKAGE": publish.package()}
    done = publish.run(*[given.get(each, each) for each in arguments])
    assert done.returncode == status, done.stderr
    assert done.stderr.startswith("publish: ") and words in done.stderr
    assert not files(tmp_path)


def test_another_package_is_refused(publish, tmp_path):
    (tmp_path / "DEBIAN").mkdir()
    control = "Package: other\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: x\n"
    (tmp_path / "DEBIAN" / "control").write_text(control)
    subprocess.run(["dpkg-deb", "--build", tmp_path, tmp_path / "other.deb"], check=True, capture_output=True)
    assert "is other, not autoheal-agent" in publish.refused(65, tmp_path / "www", "--deb", tmp_path / "other.deb")


def test_the_help_teaches_with_examples_and_exit_codes(publish):
    said = publish("--help")
    assert "examples:" in said and "exit status:" in said and "--key OLD --key NEW" in said
    assert max(map(len, said.splitlines())) <= 120
