"""The options of a stack, and combinations of them."""

import itertools
import os
from pathlib import Path

URL = ("--package-url", "https://example.com/autoheal-agent_0.1.0-1_amd64.deb", "--package-sha256", "ab" * 32)
FSTAB = ("--mount-with", "fstab", "--volume-id", "vol-0123456789abcdef0")
TWO_VOLUMES = ("--config", str(Path(__file__).with_name("two-volumes.toml")))

OPTIONS = [
    ((), ("--launch-configuration",)),
    ((), ("--existing-network",)),
    ((), ("--existing-volume",)),
    ((), ("--no-address",)),
    ((), ("--alarms",)),
    (URL, ("--preinstalled",), ()),
    ((), TWO_VOLUMES),
    ((), ("--tag", "Stage=a b", "--power-off-on-failure")),
    ((), ("--image", "ubuntu-22.04"), ("--image", "ubuntu-24.04"), ("--image", "own")),
    ((), ("--architecture", "arm64")),
    ((), ("--release", "attached"), ("--on-refusal", "abandon")),
    ((), ("--hand-over", "0")),
    ((), ("--kms-key", "--apply-updates")),
]
ALL = list(itertools.product(*OPTIONS))


def pairwise(rows):
    """Few rows in which every two options meet; lint takes seconds for each."""
    pairs = {row: set(itertools.combinations(enumerate(row), 2)) for row in rows}
    left = set().union(*pairs.values())
    while left:
        best = max(rows, key=lambda row: len(left & pairs[row]))
        left -= pairs[best]
        yield best


COMBINATIONS = [sum(each, ()) for each in (ALL if "AUTOHEAL_ALL_COMBINATIONS" in os.environ else pairwise(ALL))]


def name(options):
    """For the report: without the long values, which are the same in all."""
    return " ".join(each for each in options if each not in {*URL[1:], TWO_VOLUMES[1]}) or "none"
