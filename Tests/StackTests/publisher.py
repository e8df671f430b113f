"""Runs script/publish with a gpg of its own, and reads what it has published as apt and a person do."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from sandbox import built

PUBLISH = Path(__file__).parents[2] / "script" / "publish"
ARCHITECTURE = subprocess.run(
    ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
).stdout.strip()
IN_RELEASE = Path("dists/stable/InRelease")
INDEX = Path(f"dists/stable/main/binary-{ARCHITECTURE}")
# The AWS CLI of the tests, which botocore of the tests fits.
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


class Publisher:
    def __init__(self, home: Path, directory: Path) -> None:
        self.directory = directory
        self.environment = os.environ | {"GNUPGHOME": str(home), "PATH": PATH}

    def run(self, place: object, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PUBLISH, str(place), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
            env=self.environment | environment,
        )

    def __call__(self, place: object, *arguments: object, **environment: str) -> str:
        done = self.run(place, *arguments, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, status: int, place: object, *arguments: object, **environment: str) -> str:
        done = self.run(place, *arguments, **environment)
        assert done.returncode == status, done.stdout + done.stderr
        assert done.stderr.startswith("publish: ") and "Traceback" not in done.stderr
        return done.stderr

    def package(self, version: str = "0.1.0-1", architecture: str = ARCHITECTURE, description: str = "x") -> Path:
        """One of the right name; those with another description have another content."""
        directory = self.directory / f"{version}-{architecture}-{description}"
        if not directory.exists():
            directory.mkdir()
            built(
                directory, f"Version: {version}", f"Architecture: {architecture}", f"Description: {description}"
            )  # fmt: skip
        return directory / "a.deb"


def make_key(home: Path, name: str, expires: str = "never") -> str:
    """A key of its own user; gives its fingerprint."""
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback"]
    subprocess.run([*gpg, "--quick-generate-key", f"{name}@example.com", "ed25519", "sign", expires], check=True)
    listed = subprocess.run([*gpg, "--with-colons", "--list-keys", name], capture_output=True, text=True, check=True)
    return re.search(r"^fpr:+(\w+):", listed.stdout, re.M).group(1)


def end_agent(home: Path) -> None:
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], capture_output=True)
    shutil.rmtree(home, ignore_errors=True)


def files(root: Path) -> dict[str, tuple[bytes, int]]:
    """What is there, and when it was written."""
    found = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def told(said: str, flag: str) -> str:
    """The value that a person is told to give for a flag or a parameter."""
    return re.search(rf"{flag}[ =](?:'([^']+)'|(\S+))", said).expand(r"\1\2")


def versions(root: Path) -> list[str]:
    """What apt finds: by InRelease to an index of that digest, and from there to packages of their digests."""
    release = (root / IN_RELEASE).read_text()
    found = []
    for digest, size, name in re.findall(r"^ ([0-9a-f]{64}) (\d+) (\S+)$", release, re.M):
        index = (root / "dists" / "stable" / name).parent / "by-hash" / "SHA256" / digest
        text = index.read_bytes()
        assert (sha256(text), len(text)) == (digest, int(size))
        for stanza in text.decode().split("\n\n"):
            fields = dict(re.findall(r"^([\w-]+): (.*)$", stanza, re.M))
            content = (root / fields["Filename"]).read_bytes()
            assert (sha256(content), len(content)) == (fields["SHA256"], int(fields["Size"]))
            found.append(f"{fields['Version']} {fields['Architecture']}")
    return sorted(found)
