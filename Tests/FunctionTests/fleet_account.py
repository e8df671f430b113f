"""What a thousand groups need of EC2 and Auto Scaling: their things, the rules, and the request buckets they share."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lifecycle_action import records, stamp
from outcome_line import line

if TYPE_CHECKING:
    from fleet import Fleet

LATENCY = 0.1  # seconds that a request takes
PENDING = 15  # seconds until an instance runs
ATTACH_TIME = 3  # seconds
HOOK_TIMEOUT = 1200

# Requests at once, and further ones a second, for the account and Region (Request throttling for the Amazon EC2 API).
# Assumed: GetConsoleOutput, which is not documented, and Auto Scaling, with its one unpublished limit for all calls.
BUCKETS = {
    "DescribeInstances by filter": (100, 20),
    "DescribeVolumes by filter": (100, 20),
    "DescribeVolumes": (50, 10),
    "DescribeAddresses": (100, 20),
    "AttachVolume": (50, 5),
    "AssociateAddress": (50, 5),
    "GetConsoleOutput": (100, 20),
    "Auto Scaling": (100, 20),
}


@dataclass
class Bucket:
    """Tokens, one for each request; a request that is refused takes none."""

    capacity: float
    rate: float
    tokens: float = 0
    since: float = 0

    def __post_init__(self) -> None:
        self.tokens = self.capacity

    def take(self, now: float) -> bool:
        self.tokens = min(self.capacity, self.tokens + (now - self.since) * self.rate)
        self.since = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass
class Group:
    """One stack: its instance, its volume, its address, and what came of its launch."""

    number: int
    held_until: float
    guest: float | None  # seconds from the attached volume to the data, if that is awaited
    attached_at: float = float("inf")
    has_address: bool = False
    deadline: float = HOOK_TIMEOUT
    outcome: str = ""
    ended_at: float = 0
    requests: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    lambda_seconds: float = 0

    def __post_init__(self) -> None:
        n = self.number
        self.environment = {
            "GROUP_NAME": f"group-{n}",
            "HOOK_NAME": "hook",
            "VOLUMES": f"/dev/sdf=vol-{n}",
            "ALLOCATION_ID": f"eipalloc-{n}",
            "LAUNCH_UNTIL": "attached" if self.guest is None else "data",
        }
        detail = {
            "AutoScalingGroupName": f"group-{n}",
            "LifecycleHookName": "hook",
            "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
            "LifecycleActionToken": f"token-{n}",
            "EC2InstanceId": f"i-{n}",
        }
        self.event = {"time": stamp(0), "detail": detail}
        self.message = records({"Time": stamp(0), **detail})


def refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"A simulated {code}."}}, operation)


class Client:
    """What boto3 gives for EC2 and for Auto Scaling, as far as they are asked; it retries as the standard mode does."""

    def __init__(self, fleet: "Fleet", attempts: int) -> None:
        self.fleet = fleet
        self.attempts = attempts

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return partial(self.request, operation)

    def request(self, operation: str, **parameters: Any) -> Any:
        for attempt in range(self.attempts):
            self.fleet.turns.sleep(LATENCY)
            try:
                return getattr(Rules(self.fleet), operation)(**parameters)
            except ClientError as error:
                if error.response["Error"]["Code"] not in ("RequestLimitExceeded", "Throttling"):
                    raise
                if attempt == self.attempts - 1:
                    raise
            self.fleet.turns.sleep(self.fleet.random.random() * 2**attempt)
        raise AssertionError


class Rules:
    """The answers to the group whose function asks."""

    def __init__(self, fleet: "Fleet") -> None:
        self.fleet = fleet
        self.now = fleet.turns.now
        self.group: Group = fleet.mine.group

    def draw(self, bucket: str, code: str = "RequestLimitExceeded") -> None:
        self.group.requests[bucket] += 1
        if not self.fleet.buckets[bucket].take(self.now):
            self.group.refused[bucket] += 1
            raise refusal(code, bucket)

    @property
    def is_alive(self) -> bool:
        return self.group.outcome in ("", "CONTINUE") and self.now >= PENDING

    def describe_instances(self, Filters: list[dict[str, Any]]) -> Any:
        self.draw("DescribeInstances by filter")
        return {"Reservations": [{"Instances": list(self.instances(Filters[0]["Values"]))}]}

    def instances(self, ids: list[str]) -> Iterator[dict[str, Any]]:
        for each in ids:
            if each.startswith("i-"):
                state = "running" if self.is_alive else "pending"
                yield {"InstanceId": each, "State": {"Name": state}, "Placement": {"AvailabilityZone": "a"}}
            elif self.now < self.group.held_until:
                yield {"InstanceId": each, "State": {"Name": "shutting-down"}, "Placement": {"AvailabilityZone": "a"}}

    def describe_volumes(self, VolumeIds: list[str], Filters: list[dict[str, Any]] | None = None) -> Any:
        self.draw("DescribeVolumes by filter" if Filters else "DescribeVolumes")
        group = self.group
        volume: dict[str, Any] = {"VolumeId": f"vol-{group.number}", "State": "available", "AvailabilityZone": "a"}
        attachment = {"InstanceId": f"i-{group.number}", "State": "attached", "Device": "/dev/sdf"}
        if self.now < group.held_until:
            attachment["InstanceId"] = "former"
        elif group.attached_at > self.now:
            attachment["State"] = "attaching"
        if self.now < group.held_until or group.attached_at < float("inf"):
            volume |= {"State": "in-use", "Attachments": [attachment]}
        return {"Volumes": [volume]}

    def describe_instance_status(self, **_: Any) -> Any:
        return {"InstanceStatuses": []}

    def attach_volume(self, **_: Any) -> Any:
        self.draw("AttachVolume")
        if self.now < self.group.held_until or self.group.attached_at < float("inf"):
            raise refusal("VolumeInUse", "AttachVolume")
        self.group.attached_at = self.now + ATTACH_TIME

    def describe_addresses(self, **_: Any) -> Any:
        self.draw("DescribeAddresses")
        return {"Addresses": [{"InstanceId": f"i-{self.group.number}" if self.group.has_address else "former"}]}

    def associate_address(self, **_: Any) -> Any:
        self.draw("AssociateAddress")
        self.group.has_address = True

    def get_console_output(self, **_: Any) -> Any:
        self.draw("GetConsoleOutput")
        group = self.group
        has_data = group.guest is not None and self.now >= group.attached_at + group.guest
        return {"Output": line(f"i-{group.number}", [f"vol-{group.number}"], "mounted")} if has_data else {}

    def prove_active(self) -> None:
        self.draw("Auto Scaling", "Throttling")
        if not self.group.outcome and self.now > self.group.deadline:
            self.end("timed out")
        if self.group.outcome:
            raise refusal("ValidationError", "Auto Scaling")

    def end(self, outcome: str) -> None:
        self.group.outcome, self.group.ended_at = outcome, self.now

    def record_lifecycle_action_heartbeat(self, **_: Any) -> None:
        self.prove_active()
        self.group.deadline = self.now + HOOK_TIMEOUT

    def complete_lifecycle_action(self, LifecycleActionResult: str, **_: Any) -> None:
        self.prove_active()
        self.end(LifecycleActionResult)
