"""Makes an NVMe controller of QEMU say what one of EBS says.

QEMU fixes the vendor, the model and the vendor bytes. It keeps the Identify Controller structure in its heap as it is
sent, so with the vCPUs stopped it is found by its serial number and rewritten. So is Identify Namespace, by the size in
it, which QEMU lets nobody change while the disk is there.
"""

import re
import struct
import time

QEMU_IDS = struct.pack("<HH", 0x1B36, 0x1AF4)
AMAZON_IDS = struct.pack("<HH", 0x1D0F, 0x1D0F)
QEMU_MODEL = b"QEMU NVMe Ctrl".ljust(40)
EBS_MODEL = b"Amazon Elastic Block Store".ljust(40)
SERIAL, MODEL, VENDOR_BYTES, PAGE = 4, 24, 3072, 4096
# Of Identify Namespace: size, capacity and use come first; the first format is one of 512 bytes without metadata.
SECTOR, FORMATS, FIRST_FORMAT = 512, 128, bytes([0, 0, 9, 0])


class IdentityError(Exception):
    pass


def give(pid, volume_id, device_name, ram_size):
    """Rewrites the identity of the controller whose serial is this volume's; the vCPUs must be stopped."""
    serial = volume_id.replace("-", "").encode().ljust(20)
    if len(serial) != 20:
        raise IdentityError(f"{volume_id} does not fit a serial number")
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        place = only(pid, memory, QEMU_IDS + serial + QEMU_MODEL, ram_size, f"The identity of {volume_id}")
        page = bytearray(read(memory, place, PAGE))
        page[0:SERIAL] = AMAZON_IDS
        page[MODEL : MODEL + 40] = EBS_MODEL
        page[VENDOR_BYTES : VENDOR_BYTES + 32] = device_name.encode().ljust(32)
        write(memory, place, page, f"The identity of {volume_id}")


def resize(pid, old, new, ram_size):
    """Makes the one namespace of `old` bytes one of `new` bytes, which its file must have; the vCPUs must be stopped.

    The guest sees it when it scans the controller anew, which EBS tells it to.
    """
    sizes = lambda size: struct.pack("<Q", size // SECTOR) * 3
    what = f"The namespace of {old} bytes"
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        is_namespace = lambda place: read(memory, place + FORMATS, len(FIRST_FORMAT)) == FIRST_FORMAT
        place = only(pid, memory, sizes(old), ram_size, what, is_namespace)
        write(memory, place, sizes(new), what)


def only(pid, memory, pattern, ram_size, what, is_right=lambda place: True):
    # QEMU may give a part of its heap back while it is read.
    for _ in range(20):
        places = list(filter(is_right, find(pid, memory, pattern, ram_size)))
        if places:
            break
        time.sleep(0.1)
    if len(places) != 1:
        raise IdentityError(f"{what} is in QEMU's memory {len(places)} times, not once.")
    return places[0]


def write(memory, place, data, what):
    memory.seek(place)
    if memory.write(data) != len(data) or read(memory, place, len(data)) != data:
        raise IdentityError(f"{what} could not be written.")


def find(pid, memory, pattern, ram_size):
    for start, end in writable_anonymous_mappings(pid):
        # The guest's own memory is no place where QEMU keeps anything.
        if end - start >= ram_size:
            continue
        try:
            data = read(memory, start, end - start)
        except OSError:
            continue
        at = data.find(pattern)
        while at >= 0:
            yield start + at
            at = data.find(pattern, at + 1)


def writable_anonymous_mappings(pid):
    with open(f"/proc/{pid}/maps") as maps:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw-p \S+ 00:00 0\s*(\[heap\]|\[anon.*)?$", line)
            if match:
                yield int(match[1], 16), int(match[2], 16)


def read(memory, start, length):
    memory.seek(start)
    parts = []
    while length:
        part = memory.read(length)
        if not part:
            raise OSError("short read")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
