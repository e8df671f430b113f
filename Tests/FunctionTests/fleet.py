"""A thousand groups that heal at the same time, against the request buckets that they share.

Each group runs the deployed function in a thread of its own, and the threads take turns by a virtual clock: a run is the
same each time. Moto over HTTP would take an hour for it: what answers here is a model in this process, with what healthy
groups need of EC2 and Auto Scaling. What the function calls in every other case is tested against `simulated_cloud.py`.
"""

import random
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from clock import EPOCH, iso
from functions import deployed
from turns import Turns

LATENCY = 0.1  # seconds that a request takes
PENDING = 15  # seconds until an instance runs
ATTACH_TIME = 3  # seconds
HOOK_TIMEOUT = 1200
FUNCTION_TIMEOUT = 900
RUN_AGAIN_AFTER = (60, 120)  # seconds: Lambda runs an event again that raised
RECEIVE_AGAIN_AFTER = (100, 100)  # seconds: the queue shows a message again, FUNCTION_TIMEOUT after it was received

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
    guest: float  # seconds from the attached volume to the data
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
        }
        self.event = {
            "time": iso(0),
            "detail": {
                "AutoScalingGroupName": f"group-{n}",
                "LifecycleHookName": "hook",
                "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
                "LifecycleActionToken": f"token-{n}",
                "EC2InstanceId": f"i-{n}",
            },
        }


def refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"A simulated {code}."}}, operation)


class Fleet:
    """The account, its buckets, and all groups in it."""

    def __init__(
        self,
        *,
        source: str = "",
        groups: int = 1000,
        held: float = 0,
        guest: tuple[float, float] | None = None,
        first_way: bool = True,
        second_way: float | None = None,
        buckets: dict[str, tuple[float, float]] | None = None,
        seed: int = 1,
    ) -> None:
        self.turns = Turns()
        self.random = random.Random(seed)
        self.buckets = {name: Bucket(*numbers) for name, numbers in {**BUCKETS, **(buckets or {})}.items()}
        self.groups = [Group(n, held, self.random.uniform(*guest) if guest else 0) for n in range(groups)]
        self.guest = guest
        self.mine = threading.local()
        self.errors: list[str] = []
        self.module = self.load(source or deployed("device_attachment"))
        # An event is there within a second or two; by the second way, after the delay of a queue.
        deliveries: list[tuple[float, Callable[[], None]]] = []
        for group in self.groups:
            at = self.random.uniform(0, 2)
            if first_way:
                deliveries.append((at, partial(self.deliver, group, RUN_AGAIN_AFTER)))
            if second_way is not None:
                deliveries.append((at + second_way, partial(self.deliver, group, RECEIVE_AGAIN_AFTER)))
        self.turns.run(deliveries)
        assert not self.errors, self.errors[0]

    def load(self, source: str) -> ModuleType:
        """The function, with this account in place of AWS, each group's environment, virtual time and seeded chance."""
        module = ModuleType("device_attachment")
        exec(compile(source, "the function as it is deployed", "exec"), vars(module))
        vars(module).update(
            boto3=SimpleNamespace(client=lambda _, config: Client(self, config.retries["total_max_attempts"])),
            os=SimpleNamespace(environ=Environment(self.mine)),
            random=self.random,
            time=SimpleNamespace(time=lambda: EPOCH + self.turns.now),
            print=lambda *_, **__: None,
        )
        if self.guest:
            vars(module)["Launch"] = until_data(module.Launch)
        return module

    def deliver(self, group: Group, again_after: tuple[float, ...]) -> None:
        """Runs the function for the launch, and again when it raised."""
        self.mine.group = group
        try:
            for pause in (*again_after, 0):
                begin = self.turns.now
                context = SimpleNamespace(
                    get_remaining_time_in_millis=lambda begin=begin: (begin + FUNCTION_TIMEOUT - self.turns.now) * 1000
                )
                try:
                    self.module.handler(group.event, context, sleep=self.turns.sleep)
                    return
                except Exception:
                    self.turns.sleep(pause)
                finally:
                    group.lambda_seconds += self.turns.now - begin
        except BaseException:
            self.errors.append(traceback.format_exc())

    # What is measured

    @property
    def abandoned(self) -> int:
        return sum(group.outcome != "CONTINUE" for group in self.groups)

    def p99(self) -> float:
        """Seconds from the launch to the completed hook."""
        return sorted(group.ended_at for group in self.groups)[len(self.groups) * 99 // 100 - 1]

    def least(self) -> float:
        """The least p99 that the buckets allow: requests sent just as they may be, the slowest guests' first."""
        rank = len(self.groups) * 99 // 100
        slow_first = sorted((group.guest for group in self.groups), reverse=True)
        held = max(group.held_until for group in self.groups)
        capacity, rate = BUCKETS["AttachVolume"]
        ends = [
            max(PENDING, held) + max(0, n + 1 - capacity) / rate + ATTACH_TIME + max(guest, 0)
            for n, guest in enumerate(slow_first)
        ]
        return sorted(ends)[rank - 1]

    def requests(self) -> float:
        """For each group, with those that were refused."""
        return sum(sum(group.requests.values()) for group in self.groups) / len(self.groups)

    def refused(self) -> float:
        return sum(sum(group.refused.values()) for group in self.groups) / len(self.groups)


def until_data(launch: type) -> type:
    """A launch that awaits the data as well: the console's first look 45 s after the volume came, then every 15 s."""

    class UntilData(launch):  # type: ignore[misc]
        came = False

        def look(self, volumes: dict[str, str]) -> dict[str, str] | None:
            awaited = super().look(volumes)
            if awaited:
                return awaited
            first, self.came = not self.came, True
            self.pace = (45 if first else 15, 60)
            if first or not self.call("ec2", "get_console_output", InstanceId=self.instance, Latest=True)["Output"]:
                return {"awaited": "the data"}
            return None

    return UntilData


class Environment:
    """The environment of the function that looks into it."""

    def __init__(self, mine: threading.local) -> None:
        self.mine = mine

    def __getitem__(self, key: str) -> str:
        return self.mine.group.environment[key]

    def get(self, key: str, default: str | None = None) -> str | None:
        return self.mine.group.environment.get(key, default)


class Client:
    """What boto3 gives for EC2 and for Auto Scaling, as far as they are asked; it retries as the standard mode does."""

    def __init__(self, fleet: Fleet, attempts: int) -> None:
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

    def __init__(self, fleet: Fleet) -> None:
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
        volume = {"VolumeId": f"vol-{group.number}", "State": "available", "AvailabilityZone": "a", "Attachments": []}
        attachment = {"InstanceId": f"i-{group.number}", "State": "attached", "Device": "/dev/sdf"}
        if self.now < group.held_until:
            attachment["InstanceId"] = "former"
        elif group.attached_at > self.now:
            attachment["State"] = "attaching"
        if self.now < group.held_until or group.attached_at < float("inf"):
            volume |= {"State": "in-use", "Attachments": [attachment]}
        return {"Volumes": [volume]}

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
        return {"Output": "data" if self.now >= self.group.attached_at + self.group.guest else ""}

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
