"""How much is measured."""

from dataclasses import dataclass, replace

GIB = 1 << 30
MOST_REPETITIONS_OF_SEVERAL = 3


@dataclass(frozen=True)
class Disk:
    """A kind of device. A slow one behaves like a network disk, see METHOD in report.py."""

    name: str
    size: int
    slow: bool = False
    most_repetitions: int = 100

    @property
    def title(self):
        return f"{self.name}, EBS-like" if self.slow else self.name


SLOW = Disk("16 GiB", 16 * GIB, slow=True)
SMALL, MEDIUM, LARGE, LARGEST = (
    Disk("1 GiB", GIB),
    Disk("16 GiB", 16 * GIB),
    Disk("1 TiB", 1024 * GIB, most_repetitions=5),
    Disk("16 TiB", 16384 * GIB, most_repetitions=3),
)
# To read of them what has to be read takes 11 and 44 s, which the limits of the disk decide.
SLOW_LARGE, SLOW_LARGEST = (replace(disk, slow=True, most_repetitions=1) for disk in (LARGE, LARGEST))


@dataclass(frozen=True)
class Effort:
    repetitions: int
    loop_repetitions: int  # of the userdata loop: they run at the same time, because it mostly sleeps
    disks: tuple
    slow_disks: tuple  # whose survey and format take long
    first_hour: Disk
    volumes: tuple
    memory_gib: int

    def repetitions_on(self, disk, volumes=1):
        """Fewer where a run takes seconds."""
        most = disk.most_repetitions if volumes == 1 else MOST_REPETITIONS_OF_SEVERAL
        return min(self.repetitions, disk.most_repetitions, most)


FULL = Effort(15, 8, (SMALL, MEDIUM, LARGE, LARGEST, SLOW), (SLOW_LARGE, SLOW_LARGEST), LARGE, (4, 16), 8)
QUICK = Effort(3, 2, (SMALL, MEDIUM, SLOW), (), MEDIUM, (4,), 3)
