"""Attaches this stack's volumes, then its address, to the instance its group launches, and releases them when it goes.

LAUNCH. The instance waits in its launching hook (Pending:Wait) meanwhile. This function looks at what there is,
does the one next thing that is missing, and looks again. It is done when a look finds nothing missing, with
LAUNCH_UNTIL=data only when the agent says on the serial console that every volume is mounted: then the hook is
completed with CONTINUE. When nothing more can come of this launch, the hook is completed with ABANDON: the group
terminates the instance and launches another one. At most one instance runs at any time, so a group that tries again
for hours costs about as much as one that works. When the time is nearly up and the instance is well, it raises: Lambda
(or the queue) runs the same event again, until the launch is RUNS_FOR old.

What only a person can mend (the agent refuses) is no reason to launch another instance that would refuse as well. With
ON_REFUSAL=keep the instance stays to be looked at: CONTINUE, and at once Standby with the group's capacity lowered.

TERMINATION. The instance waits in its terminating hook (Terminating:Wait) while the agent hands its volumes over. Once
it says that they are released, they are detached, so that the next instance need not wait for the end of this one.
Nothing else is ever detached: a volume that another instance still holds is waited for. Every failure ends in
CONTINUE, and an instance that cannot hand anything over is let go at once.

A call that fails, is throttled or whose answer is lost is not repeated blindly: the next look tells whether
it had worked. So an event that arrives twice, even at the same time, does no harm. A thousand of these may be at work
in one account, which has few requests for all of them: what was seen is kept for a while (docs/fleet.md).

The queue is the second way of a launch's event: what comes by it looks seldom until it has something to do.

Environment: GROUP_NAME, HOOK_NAME, VOLUMES (/dev/sdf=vol-1,/dev/sdg=vol-2), ALLOCATION_ID (empty: no address),
LAUNCH_UNTIL (data, or attached), ON_REFUSAL (abandon, or keep), RELEASE_HOOK_NAME (empty: none),
HAND_OVER (seconds for the agent to release its volumes; empty or 0: it will not).
"""

import datetime
import json
import os
import time
import traceback

from botocore.exceptions import ClientError

from common import LOOK_EVERY, LOOK_SELDOM, REFUSALS, RESERVE, THROTTLED, GiveUp, Work, client, wanted_volumes

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
# All in seconds.
HEARTBEAT_EVERY = 300  # a quarter of the hook's time
ONE_CALL = 15  # at worst
CONSOLE_AFTER = 45  # no guest has mounted anything earlier
CONSOLE_EVERY = 15
CONSOLE_SELDOM = 60  # at most, while it is refused
SILENT_AFTER = 300
SECOND_WAY_EVERY = 60
SECOND_WAY_AFTER = 300  # the delay of the queue
FIRST_RUN = 900
RUNS_FOR = 2000  # after three runs of 800 s and what Lambda waits between them
DELIVERED_FOR = 3900  # neither Lambda nor the queue keeps an event for longer

DYING = {"shutting-down", "terminated", "stopping", "stopped"}
CHECKS = "InstanceStatus", "SystemStatus", "AttachedEbsStatus"
UNUSABLE = {"deleting", "deleted", "error"}
GONE = {"InvalidVolume.NotFound", "InvalidVolume.ZoneMismatch", "InvalidAllocationID.NotFound"}
LOCKED = {"CustomerKeyHasBeenRevoked", "InvalidKMSKey.InvalidState"}  # disabled, or without a grant
UNFIT = {"AttachmentLimitExceeded", "InvalidParameterValue", "UnsupportedOperation"}  # for the type of instance
BELIEVED = 3  # times in a row


# The lifecycle action is no longer active: completed, timed out, or gone with its group.
class Over(Exception): ...


# All is well, and only the time of this run is up.
class RunAgain(Exception): ...


# What the agent refuses until a person has mended it.
class Refused(Exception): ...


def handler(event, context, sleep=time.sleep, now=time.time):
    """Serves an event of a lifecycle hook, or its notification in a queue; raises to be run with it again."""
    is_second = "Records" in event
    detail = json.loads(event["Records"][0]["body"]) if is_second else event.get("detail") or {}
    kind = Termination if detail.get("LifecycleTransition") == TERMINATING else Launch
    work: Launch | Termination = kind(detail, context, sleep, now)
    if reason := work.not_ours():
        work.log("Ignored an event that is not for this function.", {"reason": reason})
        return {"host.id": work.instance, "outcome": "IGNORED"}
    work.is_second, work.since = is_second, event.get("time") or detail.get("Time")
    return {"host.id": work.instance, "outcome": work.serve()}


class Action(Work):
    """One lifecycle action of one instance."""

    refusals = REFUSALS | GONE | LOCKED | UNFIT
    hook, transition = "HOOK_NAME", LAUNCHING
    is_second = False
    since = None

    def __init__(self, detail, context, sleep, now):
        self.detail, self.now = detail, now
        self.instance = detail.get("EC2InstanceId")
        super().__init__(context, sleep, {"host.id": self.instance})
        self.next_heartbeat = None

    def not_ours(self):
        """Why this event is none of ours. Origin and Destination may be absent from an event of ours."""
        for key, ours in (
            ("AutoScalingGroupName", os.environ["GROUP_NAME"]),
            ("LifecycleHookName", os.environ.get(self.hook, "")),
            ("LifecycleTransition", self.transition),
        ):
            if self.detail.get(key) != ours:
                return f"{key} is {self.detail.get(key)}, not {ours}"
        return None if self.instance else "it names no instance"

    def verdict(self, refused):
        # After a minute every action is known everywhere: one that is not active is over.
        believed = 1 if refused[-1] == "ValidationError" and self.age() > 60 else BELIEVED
        if refused[-believed:] != refused[-1:] * believed:
            return None
        return Over if refused[-1] == "ValidationError" else GiveUp

    def age(self):
        """Seconds since the event."""
        return self.now() - datetime.datetime.fromisoformat(self.since).timestamp() if self.since else 0

    def prove_active(self):
        """Restarts the hook's clock every five minutes. An action that is over is never worked on: an event that is
        delivered again hours later must not touch an instance in service."""
        if self.next_heartbeat is None or self.remaining() <= self.next_heartbeat:
            try:
                self.call("autoscaling", "record_lifecycle_action_heartbeat", **self.action())
                self.next_heartbeat = self.remaining() - HEARTBEAT_EVERY
            except ClientError as error:
                # The hook has time for several heartbeats. Only the first one must come through: it is the proof.
                if self.next_heartbeat is None or error.response["Error"]["Code"] not in THROTTLED:
                    raise

    def state_of(self, instance):
        """The state and the instance; nothing if EC2 does not show it: a filter, since an unknown id is an error."""
        found = self.call("ec2", "describe_instances", Filters=[{"Name": "instance-id", "Values": [instance]}])
        shown: dict = next((each for group in found["Reservations"] for each in group["Instances"]), {})
        return shown.get("State", {}).get("Name"), shown

    def is_impaired(self):
        checks = self.call("ec2", "describe_instance_status", InstanceIds=[self.instance])["InstanceStatuses"]
        return any(each.get(key, {}).get("Status") == "impaired" for each in checks for key in CHECKS)

    def complete(self, result):
        """Completes the hook, again and again while there is time: an instance must not be left waiting."""
        refused = []
        while True:
            try:
                client("autoscaling").complete_lifecycle_action(**self.action(), LifecycleActionResult=result)
                self.log("Completed the lifecycle action.", {"outcome": result, "transition": self.transition})
                return result
            except Exception as error:
                code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
                refused.append(code)
                # Where no heartbeat was a proof, it may be that the action is not known everywhere yet.
                if code == "ValidationError" and (self.next_heartbeat or self.verdict(refused)):
                    # By this result only where a request before may have been heard: ends are counted by these lines.
                    wish = {"outcome" if len(refused) > 1 else "wanted": result}
                    self.log("The lifecycle action is over already.", {**wish, "reason": str(error)})
                    return "OVER"
                self.log("The lifecycle action could not be completed.", {"error": str(error)}, "error")
                if self.remaining() < ONE_CALL + LOOK_SELDOM:
                    raise
            self.pause = LOOK_EVERY
            self.rest(code in THROTTLED)

    def action(self):
        names = {"LifecycleHookName", "AutoScalingGroupName", "LifecycleActionToken"}
        return {"InstanceId": self.instance, **{key: self.detail[key] for key in names & self.detail.keys()}}


class Launch(Action):
    """One launch of one instance."""

    is_well, is_silent, was_attached = None, False, False  # None: not seen yet
    attached_at = in_place_at = console_at = None  # in seconds that remain; the first one by this run
    console_every = CONSOLE_EVERY
    stale, is_read, is_unread = None, False, False  # the console: by this run; before what this run attached

    def serve(self):
        """Brings the volumes and the address to the instance and completes the hook; returns how it ended."""
        self.log("An instance is launching.")
        if self.detail.get("Destination") == "WarmPool":
            # It gets its volumes when it leaves the pool.
            return self.complete("CONTINUE")
        # In a warm pool, while another instance held the volume, or in an earlier run, the agent may have given up.
        self.may_be_stale = self.detail.get("Origin") == "WarmPool" or self.age() > SILENT_AFTER
        try:
            try:
                self.converge(self.look)
            except Over as over:
                self.log("The lifecycle action is over.", {"reason": str(over)})
                return self.look_back()
        except RunAgain:
            self.log("The time of this run is up: the same event is to be run again.", self.awaited, "warning")
            try:
                client("autoscaling").record_lifecycle_action_heartbeat(**self.action())
            except Exception as error:
                self.log("The hook's clock could not be restarted.", {"error": str(error)}, "warning")
            raise
        except Refused as line:
            return self.refuse(str(line))
        except GiveUp as reason:
            self.log("Giving the launch up.", {**self.awaited, "reason": str(reason)}, "error")
            return self.complete("ABANDON")
        except Exception as error:
            self.log("An unexpected error.", {"reason": repr(error), "trace": traceback.format_exc()}, "error")
            return self.complete("ABANDON")
        return self.complete("CONTINUE")

    def is_idle(self):
        """Is it the second way, which has found nothing to do that the first one has not done?"""
        return self.is_second and not self.attached_at

    def may_run_again(self):
        # A later run that was refused all its requests knows nothing against the instance that an earlier one saw.
        # The queue delivers later, and its last run must be the last one.
        is_well = self.age() > FIRST_RUN if self.is_well is None else self.is_well
        return is_well and self.age() < RUNS_FOR + (SECOND_WAY_AFTER if self.is_second else 0)

    def time_is_up(self):
        if self.may_run_again():
            raise RunAgain
        return "the time is up"

    def look(self):
        """Does the next thing that is missing; returns what is awaited, or nothing when all is in place."""
        volumes = wanted_volumes()
        self.pause = SECOND_WAY_EVERY if self.is_idle() else LOOK_EVERY
        self.prove_active()
        state, instance = self.known("instance", self.state_of, self.instance)
        if state in DYING:
            raise GiveUp(f"the instance is {state}")
        self.is_well = bool(state)
        if state != "running":
            del self.kept["instance"]
            return {"awaited": "the instance to run", "host.state": state or "not visible yet"}
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
        return self.look_at_address() or self.look_at_console()

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
            self.was_attached = True
            # The agent finds the volume by its id. Another device name is no reason to take it away again.
            if attachment.get("Device") != device and not self.in_place_at:
                other = {**seen, "volume.device": attachment.get("Device")}
                self.log("Attached under another device name.", other, "warning")
            return None
        if volume["State"] != "available":
            return {"awaited": "the volume to be available", **seen}
        self.remember_outcome()
        self.log("Attaching the volume.", seen)
        self.call("ec2", "attach_volume", VolumeId=volume["VolumeId"], InstanceId=self.instance, Device=device)
        self.kept.pop("volumes", None)  # at once: the call for the next volume may be refused
        self.pause, self.attached_at = LOOK_EVERY, self.remaining()
        return {"awaited": "the volume to be attached to this instance", **seen}

    def wait_for_holder(self, holder, seen):
        self.may_be_stale = True
        state = self.known(holder, self.state_of, holder)[0] or "gone"
        return {"awaited": "another instance to release the volume", "holder.id": holder, "holder.state": state, **seen}

    def look_at_address(self):
        allocation = os.environ.get("ALLOCATION_ID")
        if not allocation:
            return None
        found = self.known("address", lambda: self.call("ec2", "describe_addresses", AllocationIds=[allocation]))
        address = found["Addresses"][0]
        if address.get("InstanceId") == self.instance:
            return None
        seen = {"address.id": allocation, "holder.id": address.get("InstanceId")}
        self.log("Associating the address.", seen)
        # The volumes are here, so whoever had the address before has nothing left to serve.
        ids = {"AllocationId": allocation, "InstanceId": self.instance}
        self.call("ec2", "associate_address", **ids, AllowReassociation=True)
        del self.kept["address"]
        return {"awaited": "the address to be associated with this instance", **seen}

    def remember_outcome(self):
        """What was said before the attach is not believed after it. That it cannot be read is no reason to wait."""
        if (self.may_be_stale or self.was_attached) and os.environ.get("LAUNCH_UNTIL") == "data":
            line, outcome = self.glance(self.instance)
            # What was read before the first of several volumes came is known.
            self.is_unread = self.is_unread if self.attached_at else outcome == "unread"
            from_pool = self.detail.get("Origin") == "WarmPool"  # which may have been in service before
            if self.was_attached and outcome == "mounted" and line != self.stale and not from_pool:
                raise GiveUp("a volume was taken away from this instance after it had been mounted")
            self.stale = line if outcome in ("failed", "mounted") else self.stale

    def look_at_console(self):
        """All is in place. Has the instance its data, too?"""
        if os.environ.get("LAUNCH_UNTIL") != "data":
            return None
        now = self.remaining()
        if not self.in_place_at:
            self.in_place_at = now
            self.console_at = self.attached_at - CONSOLE_AFTER if self.attached_at else now
        awaited = {"awaited": "the instance to say on its console that its volumes are mounted", "console": self.news}
        if now > self.console_at:
            self.pause = now - self.console_at
            return awaited
        line = outcome = is_first = None
        try:
            line, outcome = self.read_console(self.instance)
            is_first, self.is_read = not self.is_read, True
            awaited["console"] = self.news
            self.console_every = CONSOLE_SELDOM if self.is_idle() else CONSOLE_EVERY
        except ClientError as error:
            if error.response["Error"]["Code"] in self.refusals:
                raise
            self.console_every = min(2 * self.console_every, CONSOLE_SELDOM)
            awaited["error"] = str(error)
        self.pause, self.console_at = self.console_every, now - self.console_every
        if outcome == "mounted" and line != self.stale:
            return None
        self.believe(line, outcome, now, is_first)
        if self.in_place_at - now >= SILENT_AFTER:
            if self.is_impaired():
                raise GiveUp("the console says nothing of the volumes, and a status check of the instance is impaired")
            if not self.is_silent:
                self.is_silent = True
                silent = "For minutes, nothing could be read on the console that says what became of the volumes."
                self.log(silent, {**awaited, "alarm": "console-silent"}, "error")
        return awaited

    def believe(self, line, outcome, now, is_first):
        """Ends the launch by what the line says, unless it may be older than the attach."""
        if outcome == "refused":
            # What follows takes its time, and the instance is in service meanwhile.
            if self.remaining() < 2 * RESERVE and self.may_run_again():
                raise RunAgain
            raise Refused(line)
        # Where nobody knows what was said before the attach, it may be a failure from then.
        is_known = self.attached_at and not self.is_unread
        if outcome == "failed" and is_first and not is_known:
            self.stale = line
        is_old = line == self.stale and (is_known or self.in_place_at - now < SILENT_AFTER)
        if line and outcome != "released" and not is_old and not (outcome == "failed" and self.is_idle()):
            raise GiveUp(f"the console says: {line}")

    def refuse(self, line):
        refusal = {"alarm": "refused", "reason": f"the console says: {line}"}
        self.log("The agent refuses a volume until a person has mended what it says.", refusal, "error")
        if os.environ.get("ON_REFUSAL") == "abandon":
            return self.complete("ABANDON")
        outcome = self.complete("CONTINUE")
        # The error that the instance is not in service yet is the same as all the others.
        self.pause, self.refusals, self.is_well, self.reserve = 2, set(), False, 2 * ONE_CALL
        try:
            self.converge(self.stand_by)
        except GiveUp as reason:
            failed = "The instance could not be taken out of service, where it may be without its data."
            self.log(failed, {**self.awaited, "alarm": "in-service-without-data", "reason": str(reason)}, "error")
            raise  # The next run looks back.
        names = f"--auto-scaling-group-name {os.environ['GROUP_NAME']} --instance-ids {self.instance}"
        kept = "The instance is kept in Standby to be looked at. Once it is mended, this brings it back into service:"
        if self.state == "Standby":
            self.log(f"{kept} aws autoscaling exit-standby {names}")
            return "KEPT"
        self.log("Mended by now, it stays in service." if self.state == "InService" else "It leaves the group.")
        return outcome

    def stand_by(self):
        self.state = self.lifecycle_state()
        # There may have been time enough to mend it.
        if self.state == "InService" and self.glance(self.instance)[1] != "mounted":
            ids = {"AutoScalingGroupName": os.environ["GROUP_NAME"], "InstanceIds": [self.instance]}
            self.call("autoscaling", "enter_standby", **ids, ShouldDecrementDesiredCapacity=True)
        elif not self.state.startswith(("Pending", "EnteringStandby")):
            return None
        return {"awaited": "the instance to be in Standby", "host.lifecycle_state": self.state}

    def lifecycle_state(self):
        found = self.call("autoscaling", "describe_auto_scaling_instances", InstanceIds=[self.instance])
        states = {each["AutoScalingGroupName"]: each["LifecycleState"] for each in found["AutoScalingInstances"]}
        return states.get(os.environ["GROUP_NAME"], "")

    def look_back(self):
        """The run that completed the hook of a refused instance may have ended before that was in Standby."""
        self.refusals = self.refusals | {"InvalidInstanceID.NotFound"}
        try:
            self.converge(self.look_for_refusal)
        except (GiveUp, Over) as reason:
            self.log("Whether it has its data could not be seen.", {"reason": str(reason)}, "warning")
        return "OVER"

    def look_for_refusal(self):
        is_kept = os.environ.get("LAUNCH_UNTIL") == "data" and os.environ.get("ON_REFUSAL") != "abandon"
        if is_kept and self.age() < DELIVERED_FOR:
            line, outcome = self.read_console(self.instance)
            if outcome == "refused" and self.lifecycle_state() in ("InService", "Pending:Proceed"):
                if "mounted" not in self.heard:
                    raise Refused(line)
                # The launch may have ended well, and the refusal be one of a later boot.
                refusal = {"alarm": "in-service-without-data", "reason": f"the console says: {line}"}
                self.log("In service, or soon, and refused since its data was there: mend it.", refusal, "error")


class Termination(Action):
    """The end of one instance."""

    hook, transition = "RELEASE_HOOK_NAME", TERMINATING

    def serve(self):
        """Detaches what the agent has released; whatever happens, the instance goes."""
        self.log("An instance is terminating.")
        try:
            self.end = self.remaining() - int(os.environ.get("HAND_OVER") or 0)
            self.converge(self.look)
        except Over as over:
            self.log("The lifecycle action is over.", {"reason": str(over)})
            return "OVER"
        except Exception as error:
            self.log("The volumes are not handed over.", {**self.awaited, "reason": repr(error)}, "warning")
        return self.complete("CONTINUE")

    def look(self):
        if self.remaining() <= self.end:
            raise GiveUp("the time for the hand-over is up")
        state, _ = self.state_of(self.instance)
        if state != "running":
            raise GiveUp(f"the instance is {state or 'gone'}")
        held = [
            (volume["VolumeId"], each["State"])
            for volume in self.describe_volumes(list(wanted_volumes()))
            for each in volume.get("Attachments", [])
            if each["InstanceId"] == self.instance and each["State"] != "detached"
        ]
        if not held:
            return None
        if self.is_impaired():
            raise GiveUp("a status check of the instance is impaired")
        self.prove_active()
        line, outcome = self.read_console(self.instance)
        if outcome == "not-installed":
            raise GiveUp(f"the console says: {line}")
        # Without a reason, a person has released them, who may have mounted them again since.
        if outcome != "released" or " reason=- " in line:
            return {"awaited": "the agent to release the volumes", "console": line}
        for volume, state in held:
            if state == "attached":
                self.log("Detaching a volume that is released.", {"volume.id": volume, "console": line})
                self.call("ec2", "detach_volume", VolumeId=volume, InstanceId=self.instance)
        return {"awaited": "the volumes to be detached", "volume.id": ", ".join(volume for volume, _ in held)}
