"""A minimal Debian in a directory, and packages to put into it."""

import hashlib
import os
import shutil
import subprocess

# Of Tests/Boot: the releases, and how this machine reaches its apt sources.
import apt_source
import image

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGES = "dbus,e2fsprogs,init-system-helpers,libblkid1,libmount1,libstdc++6,mount,systemd,systemd-sysv,udev"


def output(*command, check=True, **options):
    result = subprocess.run(command, capture_output=True, text=True, **options)
    if check and result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)[:200]} ended with {result.returncode}: {result.stderr.strip()[-600:]}")
    return result.stdout


def next_version(deb, work):
    """The same package as a later revision."""
    unpacked = os.path.join(work, "newer")
    output("dpkg-deb", "--raw-extract", deb, unpacked)
    control = os.path.join(unpacked, "DEBIAN", "control")
    with open(control) as file:
        text = file.read()
    version = next(line.split()[1] for line in text.splitlines() if line.startswith("Version:"))
    with open(control, "w") as file:
        file.write(text.replace(f"Version: {version}", f"Version: {version}+later"))
    newer = os.path.join(work, "autoheal-agent_newer.deb")
    output("dpkg-deb", "--root-owner-group", "-Znone", "--build", unpacked, newer)
    shutil.rmtree(unpacked)
    return newer


def source_of(suite, package, logs):
    directory = os.path.join(cache_directory(), f"source-{suite}-{package}")
    return apt_source.source_of(suite, f"{PACKAGES},{package}", directory, os.path.join(logs, "tree.log"))


def cache_directory():
    cache = os.path.join(os.path.dirname(image.cache_directory()), "test-package")
    os.makedirs(cache, exist_ok=True)
    return cache


class Tree:
    """The root of a Debian system; made once and kept in the cache as an archive."""

    def __init__(self, suite, work, logs):
        self.suite = suite
        self.systemd = image.RELEASES[suite]
        self.path = os.path.join(work, suite)
        self.logs = logs

    def __enter__(self):
        cache = cache_directory()
        recipe = hashlib.sha256(f"{self.suite} {PACKAGES}".encode()).hexdigest()[:16]
        archive = os.path.join(cache, f"tree-{self.suite}-{recipe}.tar")
        with image.locked(os.path.join(cache, "lock-" + self.suite)):
            if not os.path.exists(archive):
                self.build(archive)
        os.mkdir(self.path)
        output("tar", "--extract", "--file", archive, "--directory", self.path)
        # When it starts, it hangs its terminal up, and whoever has that open writes to nowhere from then on: a
        # container's console is such a terminal, that of a machine stays open.
        os.symlink("/dev/null", self.file("/etc/systemd/system/console-getty.service"))
        # One id for each boot of each copy.
        open(os.path.join(self.path, "etc", "machine-id"), "w").close()
        return self

    def __exit__(self, *_):
        # Mount points of the agent are immutable.
        subprocess.run(["chattr", "-R", "-i", self.path], capture_output=True)

    def build(self, archive):
        new = archive.replace(".tar", ".new.tar")
        apt_source.debootstrap(self.suite, new, archive + ".list", os.path.join(self.logs, "tree.log"), PACKAGES)
        os.rename(new, archive)

    def file(self, path):
        return os.path.join(self.path, path.lstrip("/"))

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.file(path)), exist_ok=True)
        with open(self.file(path), "w") as file:
            file.write(text)
        os.chmod(self.file(path), mode)

    def copy(self, file):
        """Puts a file where the tree sees it; returns its path there."""
        path = "/var/tmp/" + os.path.basename(file)
        shutil.copy(file, self.file(path))
        return path

    def attempt(self, *command):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        # In a mount namespace of its own: Swift reads its arguments from /proc.
        script = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
        inside = ["unshare", "--mount", "sh", "-c", script, self.path, *command]
        return subprocess.run(inside, capture_output=True, text=True, env=environment)

    def run(self, *command):
        result = self.attempt(*command)
        if result.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} ended with {result.returncode}: {result.stderr.strip()[-600:]}")
        return result.stdout

    def names(self):
        """Every path and where it links to, without what package management itself keeps."""
        own = (
            "/run/",
            "/var/lib/dpkg/",
            "/var/log/",
            "/var/cache/",
            "/var/tmp/",
            "/var/lib/apt/",
            "/var/lib/systemd/deb-systemd-helper",
        )
        found = set()
        for folder, folders, files in os.walk(self.path):
            for name in folders + files:
                path = os.path.join(folder, name)
                inside = path[len(self.path) :]
                if not inside.startswith(own):
                    found.add((inside, os.readlink(path) if os.path.islink(path) else ""))
        return found
