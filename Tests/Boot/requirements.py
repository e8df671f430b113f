"""What the boot test needs of the machine it runs on."""

import os
import shutil

# Debian and Ubuntu package names, each with the commands the test takes from it.
PACKAGES = {
    "qemu-system-x86": ["qemu-system-x86_64"],
    "qemu-utils": ["qemu-img"],
    "mmdebstrap": ["mmdebstrap"],
    "debian-archive-keyring": ["/usr/share/keyrings/debian-archive-keyring.gpg"],
    "e2fsprogs": ["mke2fs", "debugfs", "e2fsck"],
    "fdisk": ["sfdisk"],
    "cryptsetup-bin": ["cryptsetup"],
    "lvm2": ["pvcreate", "vgcreate", "lvcreate"],
    "dpkg-dev": ["dpkg-deb", "dpkg-scanpackages"],
    "iproute2": ["ip"],
    "postgresql-client": ["psql"],
    "gpg": ["gpg"],
    "gpg-agent": ["gpg-agent"],
    "util-linux": ["unshare", "setpriv", "losetup"],
}

SYSTEM_DIRECTORIES = "/usr/local/sbin:/usr/sbin:/sbin"


def extend_path():
    """Adds the administrator's directories, which not every login has."""
    os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":" + SYSTEM_DIRECTORIES


def is_there(command):
    return os.path.exists(command) if command.startswith("/") else shutil.which(command) is not None


def missing_packages():
    return [package for package, commands in PACKAGES.items() if not all(map(is_there, commands))]


def problems():
    """Complete sentences, one for each thing that is missing."""
    found = []
    missing = missing_packages()
    if missing:
        found.append("These packages are missing: apt-get install --no-install-recommends " + " ".join(missing))
    if os.geteuid() != 0:
        found.append("It needs root: for the image, the network namespace and its tap device.")
    if not os.path.exists("/dev/net/tun"):
        found.append("The kernel offers no /dev/net/tun, so there is no tap device to reach the guest by.")
    return found
