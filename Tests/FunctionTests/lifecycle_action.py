"""The launch, or the end, of an instance that waits in its hook."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from moto.core import DEFAULT_ACCOUNT_ID

from cloud_server import REGION

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
EPOCH = 1_800_000_000  # when the simulated clock begins


def stamp(seconds):
    """The simulated time as AWS writes it."""
    return datetime.fromtimestamp(EPOCH + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class LifecycleAction:
    group: str
    hook: str
    instance: str
    deadline: float
    began: float = 0
    transition: str = LAUNCHING
    token: str = field(default_factory=lambda: str(uuid.uuid4()))
    ended: str = ""  # CONTINUE, ABANDON, or why it ended without a completion
    completions: list = field(default_factory=list)

    @property
    def outcomes(self):
        """How it was completed, in the order of the completions: one at most, if all is right."""
        return [outcome for _, outcome, _ in self.completions]

    def event(self, **changes):
        """The event "EC2 Instance-launch (or -terminate) Lifecycle Action" as EventBridge delivers it."""
        kind = "launch" if self.transition == LAUNCHING else "terminate"
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": f"EC2 Instance-{kind} Lifecycle Action",
            "source": "aws.autoscaling",
            "account": DEFAULT_ACCOUNT_ID,
            "time": stamp(self.began),
            "region": REGION,
            "detail": self.detail(**changes),
        }

    def message(self):
        """What the hook itself sends to its queue, as Lambda delivers it."""
        about = {"Service": "AWS Auto Scaling", "Time": stamp(self.began), "AccountId": DEFAULT_ACCOUNT_ID}
        return records({**about, "RequestId": str(uuid.uuid4()), **self.detail()})

    def detail(self, **changes):
        detail = {
            "LifecycleActionToken": self.token,
            "AutoScalingGroupName": self.group,
            "LifecycleHookName": self.hook,
            "EC2InstanceId": self.instance,
            "LifecycleTransition": self.transition,
            "Origin": "EC2",
            "Destination": "AutoScalingGroup",
        }
        detail.update(changes)
        return {key: value for key, value in detail.items() if value is not None}


def records(body):
    """An event of one message in a queue."""
    return {"Records": [{"messageId": str(uuid.uuid4()), "body": json.dumps(body), "eventSource": "aws:sqs"}]}
