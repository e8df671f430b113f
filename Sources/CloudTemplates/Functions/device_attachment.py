"""Attaches this stack's volumes, then its address, to the instance its Auto Scaling group launches.

The instance waits in its launching hook (Pending:Wait) meanwhile. This function looks at what there is,
does the one next thing that is missing, and looks again. It is done when a look finds nothing missing: then
the hook is completed with CONTINUE. When nothing more can come of this launch, the hook is completed with ABANDON:
the group terminates the instance and launches another one. At most one instance runs at any time, so a group that
tries again for hours costs about as much as one that works. When the time of a run is nearly up and the instance is
well, it ends with an error, so that Lambda begins another run, once.

A thousand of these may be at work in one account, which has few requests for all: docs/fleet.md.

Nothing is ever detached here, by force or otherwise. A volume that another instance still holds is waited for.
A call that fails, is throttled or whose answer is lost is not repeated blindly: the next look tells whether
it had worked. So an event that arrives twice, even at the same time, does no harm.

Environment: GROUP_NAME, HOOK_NAME, VOLUMES (/dev/sdf=vol-1,/dev/sdg=vol-2), ALLOCATION_ID (empty: no address).
"""

import contextlib
import os
import time
import traceback
from datetime import datetime

from botocore.exceptions import ClientError

from common import LOOK_SELDOM, REFUSALS, THROTTLED, GiveUp, TimeIsUp, Work, client

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
HEARTBEAT_EVERY = 300  # seconds, a quarter of the hook's time
ONE_CALL = 15  # seconds at worst
PATIENCE = 1200  # seconds: a run that ends sooner after the event is followed by another one

DYING = {"shutting-down", "terminated", "stopping", "stopped"}
UNUSABLE = {"deleting", "deleted", "error"}
GONE = {"InvalidVolume.NotFound", "InvalidVolume.ZoneMismatch", "InvalidAllocationID.NotFound"}
BELIEVED = 3  # times in a row


# The lifecycle action is no longer active: completed, timed out, or gone with its group.
class Over(Exception): ...


def handler(event, context, sleep=time.sleep):
    """Serves the event "EC2 Instance-launch Lifecycle Action"; raises if it is to be run again: if the hook cannot be
    completed, or not yet."""
    launch = Launch({"Time": event.get("time"), **(event.get("detail") or {})}, context, sleep)
    reason = launch.not_ours()
    if reason:
        launch.log("Ignored an event that is not for this function.", {"reason": reason})
        return {"host.id": launch.instance, "outcome": "IGNORED"}
    return {"host.id": launch.instance, "outcome": launch.serve()}


class Launch(Work):
    """One launch of one instance."""

    refusals = REFUSALS | GONE | {"InvalidParameterValue"}

    def __init__(self, detail, context, sleep):
        self.detail = detail
        self.instance = detail.get("EC2InstanceId")
        super().__init__(context, sleep, {"host.id": self.instance})
        self.began = datetime.fromisoformat(detail["Time"]).timestamp() if detail.get("Time") else time.time()
        self.state = None
        self.next_heartbeat = None

    def not_ours(self):
        """Why this event is none of ours. Origin and Destination may be absent from an event of ours."""
        for key, ours in (
            ("AutoScalingGroupName", os.environ["GROUP_NAME"]),
            ("LifecycleHookName", os.environ["HOOK_NAME"]),
            ("LifecycleTransition", LAUNCHING),
        ):
            if self.detail.get(key) != ours:
                return f"{key} is {self.detail.get(key)}, not {ours}"
        if self.detail.get("Destination") == "WarmPool":
            return "the instance goes to a warm pool, not into service"
        return None if self.instance else "it names no instance"

    def serve(self):
        """Brings the volumes and the address to the instance and completes the hook; returns how it ended."""
        self.log("An instance is launching.")
        try:
            volumes = wanted_volumes()
            self.converge(lambda: self.look(volumes))
        except Over as over:
            self.log("The lifecycle action is over: nothing is left to do.", {"reason": str(over)})
            return "OVER"
        except GiveUp as reason:
            is_well = self.state in (None, "running")  # or nobody could see it
            if isinstance(reason, TimeIsUp) and is_well and self.age() < PATIENCE:
                self.log("The time of this run is up: Lambda begins another one.", self.awaited, "warning")
                with contextlib.suppress(Exception):  # the next run begins with another one
                    self.heartbeat()
                raise
            self.log("Giving the launch up.", {**self.awaited, "reason": str(reason)}, "error")
            return self.complete("ABANDON")
        except Exception as error:
            self.log("An unexpected error.", {"reason": repr(error), "trace": traceback.format_exc()}, "error")
            return self.complete("ABANDON")
        return self.complete("CONTINUE")

    def verdict(self, refused):
        # After a minute every action is known everywhere: one that is not active is over.
        believed = 1 if refused[-1] == "ValidationError" and self.age() > 60 else BELIEVED
        if refused[-believed:] != refused[-1:] * believed:
            return None
        return Over if refused[-1] == "ValidationError" else GiveUp

    def age(self):
        return time.time() - self.began

    def heartbeat(self):
        """Restarts the hook's clock."""
        client("autoscaling").record_lifecycle_action_heartbeat(**self.action())
        self.next_heartbeat = self.remaining() - HEARTBEAT_EVERY

    def prove_active(self):
        """Proves it once, then every five minutes. An action that is over is never worked on: an event that is
        delivered again hours later must not touch an instance in service."""
        if self.next_heartbeat is None or self.remaining() <= self.next_heartbeat:
            try:
                self.heartbeat()
            except ClientError as error:
                # The hook has time for several heartbeats. Only the first one must come through: it is the proof.
                if self.next_heartbeat is None or error.response["Error"]["Code"] not in THROTTLED:
                    raise

    def look(self, volumes):
        """Does the next thing that is missing; returns what is awaited, or nothing when all is in place."""
        self.prove_active()
        instance = self.known("instance", self.describe_instance, self.instance)
        self.state = state = instance.get("State", {}).get("Name", "not visible yet")
        if state in DYING:
            raise GiveUp(f"the instance is {state}")
        if state != "running":
            del self.kept["instance"]
            return {"awaited": "the instance to run", "host.state": state}
        zone = instance["Placement"]["AvailabilityZone"]
        found = self.known("volumes", self.describe_volumes, list(volumes))
        if len(found) < len(volumes):
            del self.kept["volumes"]
            return {"awaited": "the volumes to be visible"}
        # A list, not a generator: each volume is looked at, so that they attach side by side.
        waiting = [self.look_at_volume(volume, volumes[volume["VolumeId"]], zone) for volume in found]
        if awaited := next(filter(None, waiting), None):
            self.kept.pop("volumes", None)
            return awaited
        return self.look_at_address()

    def look_at_volume(self, volume, device, zone):
        seen = {"volume.id": volume["VolumeId"], "volume.device": device, "volume.state": volume["State"]}
        if volume["State"] in UNUSABLE:
            raise GiveUp(f"volume {volume['VolumeId']} is in state {volume['State']}")
        if volume["AvailabilityZone"] != zone:
            raise GiveUp(f"volume {volume['VolumeId']} is in {volume['AvailabilityZone']}, the instance in {zone}")
        attachments = [each for each in volume.get("Attachments", []) if each["State"] != "detached"]
        # Those of others first: a volume that allows several instances is waited for like any other.
        for attachment in sorted(attachments, key=lambda each: each["InstanceId"] == self.instance):
            state, holder = attachment["State"], attachment["InstanceId"]
            seen["volume.attachment_state"] = state
            if holder != self.instance:
                return self.wait_for_holder(holder, seen)
            if state != "attached":
                return {"awaited": "the volume to be attached to this instance", **seen}
            # The agent finds the volume by its id. Another device name is no reason to take it away again.
            if attachment.get("Device") != device:
                other = {**seen, "volume.device": attachment.get("Device")}
                self.log("Attached under another device name.", other, "warning")
            return None
        if volume["State"] != "available":
            return {"awaited": "the volume to be available", **seen}
        self.log("Attaching the volume.", seen)
        self.call("ec2", "attach_volume", VolumeId=volume["VolumeId"], InstanceId=self.instance, Device=device)
        self.kept.pop("volumes", None)  # at once: the call for the next volume may be refused
        return {"awaited": "the volume to be attached to this instance", **seen}

    def wait_for_holder(self, holder, seen):
        state = self.known(holder, self.describe_instance, holder).get("State", {}).get("Name", "gone")
        return {"awaited": "another instance to release the volume", "holder.id": holder, "holder.state": state, **seen}

    def look_at_address(self):
        allocation = os.environ.get("ALLOCATION_ID")
        if not allocation:
            return None
        address = self.known("address", self.describe_address, allocation)
        if address.get("InstanceId") == self.instance:
            return None
        seen = {"address.id": allocation, "holder.id": address.get("InstanceId")}
        self.log("Associating the address.", seen)
        # The volumes are here, so whoever had the address before has nothing left to serve.
        self.call(
            "ec2", "associate_address", AllocationId=allocation, InstanceId=self.instance, AllowReassociation=True
        )
        del self.kept["address"]
        return {"awaited": "the address to be associated with this instance", **seen}

    def describe_volumes(self, ids):
        """By ids, since one that is gone is an error, and by a filter, since EC2 then allows twice as many requests."""
        filters = [{"Name": "volume-id", "Values": ids}]
        return self.call("ec2", "describe_volumes", VolumeIds=ids, Filters=filters)["Volumes"]

    def describe_address(self, allocation):
        return self.call("ec2", "describe_addresses", AllocationIds=[allocation])["Addresses"][0]

    def describe_instance(self, instance):
        """The instance, or nothing if EC2 does not show it: a filter, since an unknown id is an error."""
        found = self.call("ec2", "describe_instances", Filters=[{"Name": "instance-id", "Values": [instance]}])
        return next((each for group in found["Reservations"] for each in group["Instances"]), {})

    def complete(self, result):
        """Completes the hook, again and again while there is time: an instance must not be left waiting."""
        while True:
            try:
                client("autoscaling").complete_lifecycle_action(**self.action(), LifecycleActionResult=result)
                self.log("Completed the lifecycle action.", {"outcome": result})
                return result
            except Exception as error:
                code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
                if code == "ValidationError":
                    self.log("The lifecycle action is over already.", {"outcome": result, "reason": str(error)})
                    return "OVER"
                self.log("The lifecycle action could not be completed.", {"error": str(error)}, "error")
                if self.remaining() < ONE_CALL + LOOK_SELDOM:
                    raise
            self.rest(code in THROTTLED)

    def action(self):
        names = {"LifecycleHookName", "AutoScalingGroupName", "LifecycleActionToken"}
        return {"InstanceId": self.instance, **{key: self.detail[key] for key in names & self.detail.keys()}}


def wanted_volumes():
    """Device by volume id."""
    pairs = [pair.strip().partition("=") for pair in os.environ["VOLUMES"].split(",")]
    volumes = {volume: device for device, _, volume in pairs if device and volume}
    if len(volumes) != len(pairs) or len(set(volumes.values())) != len(pairs):
        raise ValueError(f"VOLUMES is not a list of device=volume-id, each once: {os.environ['VOLUMES']!r}")
    return volumes
