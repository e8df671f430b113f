"""A thousand groups that heal at the same time, against the request buckets that they share.

Each group runs the deployed function in a thread of its own, and the threads take turns by a virtual clock: a run is
the same each time. Moto over HTTP would take an hour for it: what answers here is a model in this process, with what
healthy groups need of EC2 and Auto Scaling (`fleet_account.py`). What the function calls in every other case is tested
against `simulated_cloud.py`.
"""

import random
import threading
import traceback
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fleet_account import ATTACH_TIME, BUCKETS, PENDING, Bucket, Client, Group
from functions import inlined
from lifecycle_action import EPOCH
from turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTION_TIMEOUT = 900
RUN_AGAIN_AFTER = (60, 120)  # seconds: Lambda runs an event again that raised
RECEIVE_AGAIN_AFTER = (100, 100)  # seconds: the queue shows a message again, FUNCTION_TIMEOUT after it was received


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
        self.groups = [Group(n, held, guest and self.random.uniform(*guest)) for n in range(groups)]
        self.begin = 0 if first_way else second_way or 0
        self.mine = threading.local()
        self.errors: list[str] = []
        self.module = self.load(source or inlined("device_attachment"))
        # An event is there within a second or two; by the second way, after the delay of a queue.
        deliveries: list[tuple[float, Callable[[], None]]] = []
        for group in self.groups:
            at = self.random.uniform(0, 2)
            if first_way:
                deliveries.append((at, partial(self.deliver, group, group.event, RUN_AGAIN_AFTER)))
            if second_way is not None:
                deliveries.append((at + second_way, partial(self.deliver, group, group.message, RECEIVE_AGAIN_AFTER)))
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
            print=lambda *_, **__: None,
        )
        return module

    def deliver(self, group: Group, event: dict[str, Any], again_after: tuple[float, ...]) -> None:
        """Runs the function for the launch, and again when it raised."""
        self.mine.group = group
        try:
            for pause in (*again_after, 0):
                begin = self.turns.now
                context = SimpleNamespace(
                    get_remaining_time_in_millis=lambda begin=begin: (begin + FUNCTION_TIMEOUT - self.turns.now) * 1000
                )
                try:
                    self.module.handler(event, context, sleep=self.turns.sleep, now=lambda: EPOCH + self.turns.now)
                    return
                except (self.module.RunAgain, ClientError):
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
        slow_first = sorted((group.guest or 0 for group in self.groups), reverse=True)
        held = max(group.held_until for group in self.groups)
        capacity, rate = BUCKETS["AttachVolume"]
        ends = [
            max(PENDING, held, self.begin) + max(0, n + 1 - capacity) / rate + ATTACH_TIME + guest
            for n, guest in enumerate(slow_first)
        ]
        return sorted(ends)[rank - 1]

    def requests(self) -> float:
        """For each group, with those that were refused."""
        return sum(sum(group.requests.values()) for group in self.groups) / len(self.groups)

    def refused(self) -> float:
        return sum(sum(group.refused.values()) for group in self.groups) / len(self.groups)


class Environment:
    """The environment of the function that looks into it."""

    def __init__(self, mine: threading.local) -> None:
        self.mine = mine

    def __getitem__(self, key: str) -> str:
        return self.mine.group.environment[key]

    def get(self, key: str, default: str | None = None) -> str | None:
        return self.mine.group.environment.get(key, default)
