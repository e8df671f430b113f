"""The options of a stack, and combinations of them."""

import itertools
from pathlib import Path

URL = ("--package-url", "https://example.com/autoheal-agent_0.1.0-1_amd64.deb", "--package-sha256", "ab" * 32)
FSTAB = ("--mount-with", "fstab", "--volume-id", "vol-0123456789abcdef0")
TWO_VOLUMES = ("--config", str(Path(__file__).with_name("two-volumes.toml")))
APPENDED = ("--append", str(Path(__file__).with_name("application.sh")))
READY = ("--health-check", "target-group", "--health-source", "sg-0123456789abcdef0")
HEALTH = ("--health-check", "application-status-tag", "--health-source", "10.0.0.0/16")
# In CloudFormation only.
STATUS_CHECK = ("--health-check", "application-status")

OPTIONS = [
    ((), ("--launch-configuration",)),
    ((), ("--existing-network",), ("--second-subnet", "--s3-endpoint")),
    ((), ("--existing-volume",), ("--snapshots",)),
    ((), ("--no-address",), ("--existing-address",), ("--dns-record",)),
    ((), ("--alarms",), ("--alarms", "--alarm-topic"), ("--no-alarms",)),
    ((), READY, HEALTH, (*READY, *HEALTH)),
    (URL, ("--preinstalled",), ()),
    ((), TWO_VOLUMES, ("--example", "postgresql")),
    ((), ("--tag", "Stage=a b", "--power-off-on-failure")),
    ((), ("--image", "debian-12"), ("--image", "ubuntu-22.04"), ("--image", "ubuntu-24.04"), ("--image", "own")),
    ((), ("--architecture", "arm64")),
    ((), ("--release", "attached"), ("--on-refusal", "abandon")),
    ((), ("--hand-over", "0")),
    ((), ("--kms-key", "--apply-updates")),
    ((), ("--role-path", "/team/", "--permissions-boundary"), ("--instance-profile", *APPENDED)),
    ((), ("--ingress", "443=0.0.0.0/0", "--ingress", "8000-8010/udp=sg-0123456789abcdef0")),
]


def pairwise(options):
    """Few rows in which every two values meet; lint takes seconds for each."""
    left = {
        frozenset({(one, a), (other, b)})
        for (one, values), (other, others) in itertools.combinations(enumerate(options), 2)
        for a, b in itertools.product(values, others)
    }
    while left:
        # The same ones in each process of a run.
        row = dict(min(left, key=sorted))
        for number, values in enumerate(options):
            if number not in row:
                row[number] = max(values, key=lambda each: sum({(number, each), pair} in left for pair in row.items()))
        left -= {frozenset(pair) for pair in itertools.combinations(row.items(), 2)}
        yield [row[number] for number in range(len(options))]


COMBINATIONS = [sum(each, ()) for each in pairwise(OPTIONS)]


def name(options):
    """For the report: without the long values, which are the same in all."""
    return " ".join(each for each in options if each not in {*URL[1:], TWO_VOLUMES[1], APPENDED[1]}) or "none"
