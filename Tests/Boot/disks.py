"""Volumes: sparse files that outlive the QEMU processes they are attached to."""

import hashlib
import os
import struct
import subprocess
import tempfile

import guest

MARKER_MAGIC = b"AUTOHEAL-INTENT\0"


class Volume:
    def __init__(self, path, device_name="/dev/sdf", size=1 << 30, shown=None):
        """`shown`: bytes that a guest sees at first, where it is not all of it."""
        self.id = guest.new_volume_id()
        self.path = path
        self.device_name = device_name
        with open(path, "ab") as file:
            if file.tell() == 0:
                file.truncate(size)
        self.hidden = size - shown if shown else 0

    @property
    def shown(self):
        return self.size - self.hidden

    @property
    def size(self):
        return os.path.getsize(self.path)

    def enlarge(self, size):
        os.truncate(self.path, size)

    def read(self, offset, length):
        with open(self.path, "rb") as file:
            file.seek(offset)
            return file.read(length)

    def data(self):
        """The parts that are not holes, as (offset, bytes)."""
        with open(self.path, "rb") as file:
            position = 0
            while position < self.size:
                try:
                    start = os.lseek(file.fileno(), position, os.SEEK_DATA)
                except OSError:
                    return
                position = os.lseek(file.fileno(), start, os.SEEK_HOLE)
                file.seek(start)
                while start < position:
                    part = file.read(min(1 << 20, position - start))
                    yield start, part
                    start += len(part)

    @property
    def checksum(self):
        """Of every byte; a hole counts as the zeros that it reads as."""
        digest = hashlib.sha256(str(self.size).encode())
        block = 4096
        zeros = bytes(block)
        for offset, part in self.data():
            for start in range(0, len(part), block):
                if part[start : start + block] != zeros[: len(part) - start]:
                    digest.update(struct.pack("<Q", offset + start) + part[start : start + block])
        return digest.hexdigest()

    # ext4, read as the kernel's ext4.h lays it out

    @property
    def superblock(self):
        """Those fields that a format changes, or None where there is no superblock."""
        block = self.read(1024, 1024)
        if block[56:58] != b"\x53\xef":
            return None
        made = struct.unpack_from("<I", block, 264)[0]
        low, high = struct.unpack_from("<I", block, 4)[0], struct.unpack_from("<I", block, 336)[0]
        return {"uuid": block[104:120].hex(), "made": made, "bytes": (low | high << 32) * (1024 << block[24])}

    @property
    def is_clean(self):
        """Whether nobody has it mounted, or had when it was pulled: no journal to replay, nothing to check."""
        block = self.read(1024, 1024)
        valid_and_nothing_else, needs_recovery = 1, 4
        state, incompatible = struct.unpack_from("<H", block, 58)[0], struct.unpack_from("<I", block, 96)[0]
        return state == valid_and_nothing_else and not incompatible & needs_recovery

    @property
    def last_checked(self):
        """When e2fsck went through all of it, or it was made, in seconds since 1970; not when it was found clean."""
        return struct.unpack_from("<I", self.read(1024, 1024), 64)[0]

    @property
    def has_intent_marker(self):
        return self.read(self.size // 4096 * 4096 - (128 << 10), 16) == MARKER_MAGIC

    @property
    def is_blank_but_for_marker(self):
        marker = self.size // 4096 * 4096 - (128 << 10)
        return not any(any(part) for offset, part in self.data() if not offset <= marker < offset + len(part))

    def errors(self):
        """What e2fsck finds on a copy that was mounted, as the next instance does; empty if the file system is clean.

        To replay the journal is not all: of newer e2fsprogs there is a file of orphans, which only a mount empties.
        """
        directory = os.path.dirname(self.path)
        with tempfile.NamedTemporaryFile(dir=directory) as copy, tempfile.TemporaryDirectory(dir=directory) as root:
            run("cp", "--sparse=always", self.path, copy.name)
            run("mount", "-o", "loop", copy.name, root)
            run("umount", root)
            result = run("e2fsck", "-fn", copy.name, accept=(0, 4))
            return result.stdout if result.returncode else ""


def run(*command, accept=(0,), stdin=None, environment=None):
    source = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    result = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **(environment or {})}, **source
    )
    if result.returncode not in accept:
        raise RuntimeError(f"{' '.join(command)} ended with {result.returncode}: {result.stderr.strip()}")
    return result


# Volumes that must be refused. Each has data in it, so that it would be a loss.


def gpt(volume):
    table = "label: gpt\nstart=2048, size=131072, type=linux\n"
    run("sfdisk", "--quiet", volume.path, stdin=table)
    with tempfile.TemporaryDirectory() as directory:
        part = os.path.join(directory, "part")
        with open(part, "wb") as file:
            file.truncate(131072 * 512)
        ext4(part)
        run("dd", f"if={part}", f"of={volume.path}", "bs=1M", "seek=1", "conv=notrunc,sparse", "status=none")


def luks(volume):
    run(
        "cryptsetup",
        "luksFormat",
        "--batch-mode",
        "--type=luks2",
        "--pbkdf=pbkdf2",
        "--pbkdf-force-iterations=1000",
        "--key-file=-",
        volume.path,
        stdin="boot-test",
    )
    with open(volume.path, "r+b") as file:
        file.seek(32 << 20)
        file.write(os.urandom(1 << 20))


def lvm(volume):
    """A volume group with a logical volume, active neither here nor by itself in the guest.

    If it were, the kernel would keep the disk from the most careless program.
    """
    device = run("losetup", "--find", "--show", volume.path).stdout.strip()
    try:
        with tempfile.TemporaryDirectory() as directory:
            own = {"LVM_SYSTEM_DIR": directory, "LVM_SUPPRESS_FD_WARNINGS": "1"}
            options = ["--devices", device, "--driverloaded", "n"]
            run("pvcreate", *options, device, environment=own)
            run("vgcreate", *options, "boottest", device, environment=own)
            inactive = ["-an", "-ky", "-Zn", "-Wn", "-y"]
            run("lvcreate", *options, *inactive, "-l", "50%VG", "-n", "data", "boottest", environment=own)
    finally:
        run("losetup", "--detach", device)
    with open(volume.path, "r+b") as file:
        file.seek(2 << 20)
        file.write(os.urandom(1 << 20))


def lost_superblock(volume):
    ext4(volume.path)
    with open(volume.path, "r+b") as file:
        file.seek(1024)
        file.write(bytes(1024))


def ext4(path):
    with tempfile.TemporaryDirectory() as directory:
        for number in range(8):
            with open(os.path.join(directory, f"file{number}"), "wb") as file:
                file.write(os.urandom(100_000))
        run("mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-d", directory, path)


# What an operator must read on the console, by the name of the maker.
FOREIGN = {
    "GPT disk": (gpt, r"partition table|gpt"),
    "LUKS disk": (luks, r"crypto_LUKS|LUKS"),
    "LVM disk": (lvm, r"LVM2_member|LVM"),
    "ext4 without its primary superblock": (lost_superblock, r"superblock"),
}
