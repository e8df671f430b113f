"""How much is measured."""

from dataclasses import dataclass

GIB = 1 << 30


@dataclass(frozen=True)
class Disk:
    """A kind of device. A slow one behaves like a network disk: every read and write takes 0.7 ms."""

    name: str
    size: int
    slow: bool = False

    @property
    def title(self):
        return f"{self.name}, EBS-like" if self.slow else self.name


SLOW = Disk("16 GiB", 16 * GIB, slow=True)
SMALL, MEDIUM, LARGE, LARGEST = (
    Disk("1 GiB", GIB), Disk("16 GiB", 16 * GIB), Disk("1 TiB", 1024 * GIB), Disk("16 TiB", 16384 * GIB))


@dataclass(frozen=True)
class Effort:
    repetitions: int
    loop_repetitions: int  # of the userdata loop: they run at the same time, because it mostly sleeps
    disks: tuple
    volumes: tuple
    memory_gib: int


FULL = Effort(15, 8, (SMALL, MEDIUM, LARGE, LARGEST, SLOW), (1, 4, 16), 8)
QUICK = Effort(3, 2, (SMALL, MEDIUM, SLOW), (1, 4), 3)
