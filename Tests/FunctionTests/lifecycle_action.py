"""The launch of an instance that waits in its hook."""

import uuid
from dataclasses import dataclass, field

from moto.core import DEFAULT_ACCOUNT_ID

from clock import iso
from cloud_server import REGION


@dataclass
class LifecycleAction:
    group: str
    hook: str
    instance: str
    deadline: float
    began: float
    token: str = field(default_factory=lambda: str(uuid.uuid4()))
    ended: str = ""  # CONTINUE, ABANDON, or why it ended without a completion
    completions: list = field(default_factory=list)

    @property
    def outcomes(self):
        """How it was completed, in the order of the completions: one at most, if all is right."""
        return [outcome for _, outcome, _ in self.completions]

    def event(self, age=0, **changes):
        """The event "EC2 Instance-launch Lifecycle Action" as EventBridge delivers it; so many seconds ago at first."""
        detail = {
            "LifecycleActionToken": self.token,
            "AutoScalingGroupName": self.group,
            "LifecycleHookName": self.hook,
            "EC2InstanceId": self.instance,
            "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
            "Origin": "EC2",
            "Destination": "AutoScalingGroup",
        }
        detail.update(changes)
        detail = {key: value for key, value in detail.items() if value is not None}
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "time": iso(self.began - age),
            "detail-type": "EC2 Instance-launch Lifecycle Action",
            "source": "aws.autoscaling",
            "account": DEFAULT_ACCOUNT_ID,
            "region": REGION,
            "detail": detail,
        }
