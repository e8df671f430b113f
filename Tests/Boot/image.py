"""The image that every instance boots from: Debian as on EC2, made by mmdebstrap, started without a boot loader."""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile

# Each with its systemd: what that does to a unit that fails changed in between.
RELEASES = {"bookworm": 252, "trixie": 257}
ROOT_SIZE = 3 << 30
# Fixed, so that the kernel's command line can name the root disk whatever number NVMe gives it.
ROOT_UUID = "0b007e57-0000-4000-8000-00000000b007"
UDEV_RULE = "/usr/lib/udev/rules.d/70-ec2-nvme-devices.rules"
# A password login is how a person without SSH gets in; this one exists in the image only.
LOGIN_USER = "person"
LOGIN_PASSWORD = "boot-test"

PACKAGES = """
    amazon-ec2-utils ca-certificates cloud-init curl dbus e2fsprogs initramfs-tools iproute2 isc-dhcp-client
    kmod libpam-systemd linux-image-cloud-amd64 login lvm2 mount netbase passwd procps qemu-guest-agent sudo
    systemd systemd-sysv udev util-linux xfsprogs
""".split()

DISTURBANCES = "apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer"

CLOUD_CONFIG = """\
datasource_list: [Ec2]
apt: {preserve_sources_list: true}
locale: false
# cloud-init's own news go where the console's reader sees them, as in the images of Debian for EC2.
output: {all: '| tee -a /var/log/cloud-init-output.log'}
"""

# The archive is out of the guest's reach, so nothing may try to refresh its lists.
CUSTOMISE = f"""\
set -eu
root=$1
printf 'ext4\\nnvme\\n' > "$root/etc/initramfs-tools/modules"
printf 'MODULES=list\\nCOMPRESS=lz4\\n' > "$root/etc/initramfs-tools/conf.d/boot-test"
printf 'UUID={ROOT_UUID} / ext4 defaults 0 1\\n' > "$root/etc/fstab"
printf '127.0.0.1 localhost\\n' > "$root/etc/hosts"
# A name server out of reach would cost cloud-init 40 seconds; with none, asking fails at once.
rm -f "$root/etc/resolv.conf" "$root/etc/hostname" "$root/etc/machine-id"
: > "$root/etc/machine-id"
mkdir -p "$root/etc/systemd/journald.conf.d" "$root/var/log/journal" "$root/etc/apt/apt.conf.d"
printf '[Journal]\\nRateLimitBurst=0\\n' > "$root/etc/systemd/journald.conf.d/boot-test.conf"
printf 'APT::Periodic::Enable "0";\\n' > "$root/etc/apt/apt.conf.d/90boot-test"
mkdir -p "$root/etc/systemd/system/qemu-guest-agent.service.d"
# It would note every look that the test takes, and the journal is for the guest's own news.
printf '[Service]\\nLogLevelMax=warning\\n' > "$root/etc/systemd/system/qemu-guest-agent.service.d/quiet.conf"
rm -f "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/*
chroot "$root" useradd --create-home --shell /bin/bash {LOGIN_USER}
printf '{LOGIN_USER}:{LOGIN_PASSWORD}\\n' | chroot "$root" chpasswd
chroot "$root" systemctl enable systemd-networkd.service serial-getty@ttyS0.service
chroot "$root" systemctl disable {DISTURBANCES}
chroot "$root" update-initramfs -u -k all
"""


class Image:
    """A file system image with its kernel, in the cache."""

    def __init__(self, directory):
        self.directory = directory
        self.disk = os.path.join(directory, "root.img")
        self.kernel = os.path.join(directory, "vmlinuz")
        self.initrd = os.path.join(directory, "initrd.img")

    @property
    def is_complete(self):
        return all(map(os.path.exists, (self.disk, self.kernel, self.initrd)))


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "autoheal-agent", "boot-test")


def image_name(release):
    recipe = "\0".join([release, str(ROOT_SIZE), ROOT_UUID, *PACKAGES, CLOUD_CONFIG, CUSTOMISE])
    return f"image-{release}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"


def apt_sources(suite):
    """The machine's own sources of Debian, as apt reads them out of /etc/apt, for this release."""
    fields = "$(ORIGIN)|$(REPO_URI)|$(CODENAME)|$(COMPONENT)"
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", fields, "Created-By: Packages"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    lines = []
    for origin, uri, codename, component in (line.split("|") for line in listing.splitlines()):
        release = re.fullmatch("[a-z]+(-updates|-security)?", codename)
        if origin == "Debian" and release and component == "main":
            pocket = suite + (release.group(1) or "")
            lines.append(f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {uri} {pocket} main")
    if not lines:
        raise SystemExit(
            f"boot-test: apt on this machine has no source for Debian {suite}. Add one, run apt-get update, "
            "or name a file with one-line sources by --apt-sources."
        )
    return sorted(set(lines))


def source_lines(release, file=None):
    """The lines of the file that was named, or the machine's own."""
    if not file:
        return apt_sources(release)
    with open(file) as named:
        return named.read().splitlines()


def apt_options():
    """How this machine reaches its sources: proxies and checks that it has set."""
    settings = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    wanted = re.compile(r"Acquire::(https?::|Check-|Retries)")
    return [f"--aptopt={line}" for line in settings.splitlines() if wanted.match(line) and '""' not in line]


def prepare(log, release, sources_file=None, cache=None):
    """The cached image, built first if this recipe has not been built yet."""
    cache = cache or cache_directory()
    os.makedirs(cache, exist_ok=True)
    image = Image(os.path.join(cache, image_name(release)))
    with locked(os.path.join(cache, "lock-" + release)):
        if not image.is_complete:
            build(image, release, cache, log, sources_file)
            forget(cache, "image-", keep=list(map(image_name, RELEASES)))
    return image


@contextlib.contextmanager
def locked(path):
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build(image, release, cache, log, sources_file):
    log(f"Building the image {os.path.basename(image.directory)} (a few minutes, once) ...")
    lines = source_lines(release, sources_file)
    building = f"building-{release}-"
    forget(cache, building)
    work = tempfile.mkdtemp(prefix=building, dir=cache)
    build_log = os.path.join(cache, f"build-{release}.log")
    try:
        tree = os.path.join(work, "tree")
        hook = os.path.join(work, "customise")
        cloud_config = os.path.join(work, "cloud.cfg")
        with open(hook, "w") as file:
            file.write("#!/bin/sh\n" + CUSTOMISE)
        os.chmod(hook, 0o755)
        with open(cloud_config, "w") as file:
            file.write(CLOUD_CONFIG)
        sources = os.path.join(work, "sources.list")
        with open(sources, "w") as file:
            file.write("\n".join(lines) + "\n")
        with open(build_log, "w") as output:
            run = lambda *command: subprocess.run(
                command, check=True, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
            run(
                "mmdebstrap",
                "--mode=root",
                "--variant=minbase",
                "--format=directory",
                "--architectures=amd64",
                "--include=" + ",".join(PACKAGES),
                "--dpkgopt=path-exclude=/usr/share/doc/*",
                "--dpkgopt=path-exclude=/usr/share/man/*",
                "--dpkgopt=path-exclude=/usr/share/locale/*",
                '--aptopt=APT::Install-Recommends "0"',
                *apt_options(),
                f"--customize-hook=upload {cloud_config} /etc/cloud/cloud.cfg.d/95_boot-test.cfg",
                f'--customize-hook={hook} "$1"',
                release,
                tree,
                sources,
            )
            new = Image(os.path.join(work, "image"))
            os.mkdir(new.directory)
            for name, path in (("vmlinuz", new.kernel), ("initrd.img", new.initrd)):
                shutil.copyfile(os.path.realpath(os.path.join(tree, name)), path)
            with open(new.disk, "wb") as file:
                file.truncate(ROOT_SIZE)
            run("mke2fs", "-q", "-t", "ext4", "-U", ROOT_UUID, "-L", "root", "-d", tree, new.disk)
        shutil.rmtree(image.directory, ignore_errors=True)
        os.rename(new.directory, image.directory)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"boot-test: {error.cmd[0]} failed while building the image; see {build_log}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def forget(cache, prefix, keep=()):
    for name in os.listdir(cache):
        if name.startswith(prefix) and name not in keep:
            shutil.rmtree(os.path.join(cache, name), ignore_errors=True)


@contextlib.contextmanager
def run_directory(cache):
    """A directory for the disks of one run, which goes with it; what a killed run left goes first."""
    for name in os.listdir(cache):
        path = os.path.join(cache, name)
        if name.startswith("run-"):
            with open(os.path.join(path, "lock"), "a") as file, contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(path)
    path = tempfile.mkdtemp(prefix="run-", dir=cache)
    try:
        with locked(os.path.join(path, "lock")):
            yield path
    finally:
        remove(path)


def remove(run):
    """Removes the directory of a run, and the loop devices on its files that a killed run could not detach."""
    listing = subprocess.run(
        ["losetup", "--list", "--noheadings", "--raw", "--output", "NAME,BACK-FILE"], capture_output=True, text=True
    ).stdout
    for device, _, file in (line.partition(" ") for line in listing.splitlines()):
        if file.startswith(run + "/"):
            subprocess.run(["losetup", "--detach", device])
    shutil.rmtree(run, ignore_errors=True)


def without_udev_rule(image, directory):
    """A copy of the image in which nothing makes /dev/xvdb out of an NVMe disk."""
    copy = os.path.join(directory, "root-without-rule.img")
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", image.disk, copy], check=True)
    subprocess.run(["debugfs", "-w", "-R", f"rm {UDEV_RULE}", copy], check=True, capture_output=True)
    left = subprocess.run(["debugfs", "-R", f"stat {UDEV_RULE}", copy], capture_output=True, text=True)
    if "not found" not in left.stdout + left.stderr:
        raise RuntimeError(f"{UDEV_RULE} is still in the copy of the image: {left.stdout}{left.stderr}")
    return copy


def overlay(disk, path):
    """A disk of one instance's own on top of the image, or of another instance's disk; that stays as it is."""
    below = "qcow2" if disk.endswith(".qcow2") else "raw"
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-b", disk, "-F", below, path], check=True, stdin=subprocess.DEVNULL
    )
    return path
