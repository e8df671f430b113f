"""Answers the custom resource that takes the stack's Auto Scaling group from 0 to 1, and back when the stack goes, and
another, where there is one, that has an application status check of EC2 ask the stack's instances.

The group is created empty. The custom resource depends on everything the first launch needs (hook, rule,
permission, function, route), so the first instance cannot be missed.

Create  sets the desired capacity to 1 and waits until an instance is in service: with LAUNCH_UNTIL=data, with data.
Update  does the same for a group that replaces the former one; the size of a group that stays is its owner's. With
        ApplyUpdates, a new version of the launch template replaces the instance, and the new one is waited for.
Delete  sets the sizes to 0, ends the instance and waits until it is gone, so that volume, address and gateway can go.

CloudFormation waits for an answer, up to an hour, and cannot be told later. So there is always one: after every
error, and before the time is up.

Resource properties: GroupName, ApplyUpdates ("true"), Version. Environment: VOLUMES, LAUNCH_UNTIL. The physical
resource id never changes: a new one would make CloudFormation delete the old one, which would scale the group to 0.

With ApplicationStatusCheckId, TagKey and TagValue instead of GroupName, instances with this tag are asked from now on,
until the check is deleted. Done is what EC2 lists. The API is of 2026: Lambda's SDK may not have it yet.
"""

import http.client
import json
import os
import time
import traceback
import urllib.request
from xml.etree import ElementTree

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.session import get_session

from common import CALLS, ClientError, GiveUp, ResponseParserError, Work, client

SERVICE_EVERY = 15  # seconds
BELIEVED = 12  # times in a row, a minute: a failure here rolls the whole stack back
ANSWER_LIMIT = 4096  # bytes
ANSWER_TIMEOUT = 10  # seconds
ANSWER_TRIES = 7
REFRESHING = {"Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"}


def handler(event, context, sleep=time.sleep):
    """Serves a request of CloudFormation; raises only if the answer cannot be delivered."""
    request = Request(event, context, sleep)
    try:
        request.log("A request of CloudFormation.")
        request.serve()
        status, reason = "SUCCESS", "Done."
    except GiveUp as error:
        status, reason = "FAILED", str(error)
    except Exception as error:
        request.log("An unexpected error.", {"reason": repr(error), "trace": traceback.format_exc()}, "error")
        status, reason = "FAILED", repr(error)
    request.answer(status, reason)
    return {"outcome": status}


def has_version(member, version):
    return version in (member.get("LaunchTemplate", {}).get("Version"), member.get("LaunchConfigurationName"))


class Request(Work):
    """One request of CloudFormation."""

    def __init__(self, event, context, sleep):
        self.event = event
        self.kind = event.get("RequestType")
        self.properties = event.get("ResourceProperties") or {}
        self.former = event.get("OldResourceProperties") or {}
        self.group = self.properties.get("GroupName")
        self.check = self.properties.get("ApplicationStatusCheckId")
        self.refresh = self.latest = None
        self.had_room = False  # was it seen that the group may have an instance?
        self.outcomes, self.said = {}, {}  # by instance: what the console says became of its data, and in which words
        super().__init__(context, sleep, {"request.type": self.kind, "group.name": self.group})

    def serve(self):
        if self.check:
            return None if self.kind == "Delete" else self.converge(self.associate_check)
        if self.kind == "Delete":
            # Without a name nothing was ever scaled up; a failure would only block the rollback.
            return self.converge(self.empty_group) if self.group else None
        if self.kind not in ("Create", "Update") or not self.group:
            raise GiveUp(f"cannot serve a {self.kind} of the group {self.group}")
        if self.kind == "Update" and self.group == self.former.get("GroupName"):
            version = self.properties.get("Version")
            if self.properties.get("ApplyUpdates") == "true" and version != self.former.get("Version"):
                return self.converge(lambda: self.refresh_group(version))
            return self.log("The group is the same: its size is left alone.")
        return self.converge(self.fill_group)

    def verdict(self, refused):
        # A permission that an update has just added may be known a minute later.
        return GiveUp if len(refused) == BELIEVED * (3 if self.check else 1) else None

    def fill_group(self):
        group = self.describe_group()
        if not group:
            raise GiveUp(f"there is no Auto Scaling group {self.group}")
        if self.had_room and not group["MaxSize"]:
            raise GiveUp("the group's MaxSize is 0 by now: its deletion has begun")
        self.had_room = self.had_room or group["MaxSize"] > 0
        # One that is kept in Standby has lowered the capacity, and still holds the volume.
        if group["DesiredCapacity"] > 0 or group["Instances"]:
            return self.look_at_service(group)
        self.log("Setting the desired capacity to 1.")
        # After a deletion that was not that of the group. One that has begun since is not undone: AWS refuses then.
        sizes = {"DesiredCapacity": 1} if group["MaxSize"] else {"MaxSize": 1, "DesiredCapacity": 1}
        self.call("autoscaling", "update_auto_scaling_group", AutoScalingGroupName=self.group, **sizes)
        return {"awaited": "the group to want one instance"}

    def refresh_group(self, version):
        group = self.describe_group()
        if not group.get("Instances") and not group.get("DesiredCapacity"):
            return self.log("The group has no instance to replace: its size is left alone.")
        awaited = self.look_at_service(group, version)
        members = [each for each in group["Instances"] if not each["LifecycleState"].startswith("Terminating")]
        launching = [each for each in members if each["LifecycleState"] != "InService" and has_version(each, version)]
        if not awaited or (launching and not self.refresh and launching == members):
            return awaited  # a heal has begun with it
        name = {"AutoScalingGroupName": self.group}
        found = self.call("autoscaling", "describe_instance_refreshes", **name, MaxRecords=1)["InstanceRefreshes"]
        last = found[0] if found else {}
        status = last.get("Status")
        if status in REFRESHING and not self.refresh:
            # The update before this one, which is rolled back, waits for one that may never be in service.
            for each in members:
                if each["LifecycleState"] == "Pending:Wait" and not has_version(each, version):
                    self.end(each["InstanceId"])
        if status in REFRESHING or (self.refresh and status == "Successful"):
            return {**awaited, "refresh.status": status}
        if not self.refresh:
            self.log("Starting an instance refresh.")
            started = self.call(
                "autoscaling", "start_instance_refresh", **name, Preferences={"MinHealthyPercentage": 0}
            )
            self.refresh = started["InstanceRefreshId"]
        elif self.refresh == last.get("InstanceRefreshId"):
            raise GiveUp(f"the instance refresh ended as {status}: {last.get('StatusReason')}")
        return awaited

    def look_at_service(self, group, version=None):
        """Nothing once an instance (of this version) is in service; fails on what only a person can mend."""
        states = {each["InstanceId"]: each["LifecycleState"] for each in group["Instances"]}
        for each in group["Instances"]:
            if each["LifecycleState"] == "InService" and (version is None or has_version(each, version)):
                # One that is kept passes through on its way to Standby, and a person may have completed the hook.
                outcome = self.hear(each["InstanceId"])
                if outcome == "refused":
                    raise GiveUp(self.needs_a_person(each["InstanceId"]))
                if outcome in ("failed", "not-installed", "released"):
                    self.pause = SERVICE_EVERY
                    return {"awaited": "the instance to have its data", "host.id": each["InstanceId"]}
                return None
        for instance, state in states.items():
            if not state.startswith(("Pending", "EnteringStandby", "Standby")):
                continue
            if self.hear(instance) == "refused" or "Standby" in state:
                raise GiveUp(self.needs_a_person(instance, state))
        self.pause = SERVICE_EVERY
        seen = {"host.id": ", ".join(states), "host.state": ", ".join(states.values())}
        return {"awaited": "an instance to be in service", **seen}

    def hear(self, instance):
        """What the console says became of its data; what it said last where it says nothing, as after a reboot."""
        if os.environ.get("LAUNCH_UNTIL") == "data":
            self.latest, self.news = instance, self.said.get(instance)
            line, outcome = self.read_console(instance)
            self.said[instance] = line or self.news
            self.outcomes[instance] = outcome or self.outcomes.get(instance)
        return self.outcomes.get(instance)

    def needs_a_person(self, instance, state="InService"):
        return f"instance {instance} ({state}) needs a person; its console says: {self.said.get(instance) or 'nothing'}"

    def end(self, instance):
        self.log("Terminating an instance.", {"host.id": instance})
        try:
            keep = {"ShouldDecrementDesiredCapacity": False}
            self.call("autoscaling", "terminate_instance_in_auto_scaling_group", InstanceId=instance, **keep)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            self.log("The group does not end it when asked.", {"host.id": instance, "error": str(error)}, "warning")

    def empty_group(self):
        group = self.describe_group()
        # MaxSize as well: a Create that still runs would launch another instance.
        sizes = {"MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0}
        if group and any(group[size] > 0 for size in sizes):
            self.log("Setting the sizes to 0.")
            self.call("autoscaling", "update_auto_scaling_group", AutoScalingGroupName=self.group, **sizes)
            return {"awaited": "the group to want no instance"}
        # The group forgets an instance before EC2 has let go of its volumes: both are asked.
        left = {each["InstanceId"]: each["LifecycleState"] for each in group.get("Instances", [])}
        for instance, state in left.items():
            # Sizes of 0 alone end none that is in Standby or protected from scale-in, and perhaps none in its hook.
            if state in ("Standby", "InService", "Pending:Wait"):
                self.end(instance)
        alive = ["pending", "running", "shutting-down", "stopping", "stopped"]
        filters = {"tag:aws:autoscaling:groupName": [self.group], "instance-state-name": alive}
        found = self.call(
            "ec2", "describe_instances", Filters=[{"Name": name, "Values": values} for name, values in filters.items()]
        )
        for instance in (each for reservation in found["Reservations"] for each in reservation["Instances"]):
            left[instance["InstanceId"]] = instance["State"]["Name"]
        if left:
            states = ", ".join(left.values())
            return {"awaited": "the instance to be gone", "host.id": ", ".join(left), "host.state": states}
        return None

    def associate_check(self):
        """Until EC2 lists the association. Its end is that of the check, which is deleted next."""
        listed = self.ask("DescribeApplicationStatusCheckAssociations", {"ApplicationStatusCheckId.1": self.check})
        tag = {name: self.properties[f"Tag{name}"] for name in ("Key", "Value")}
        items = listed.findall(".//{*}item")
        if list(tag.values()) in [[each.findtext(f"{{*}}{name}") for name in ("key", "value")] for each in items]:
            return None
        target = {f"TargetTagAssociation.1.{name}": value for name, value in tag.items()}
        answer = self.ask("AssociateApplicationStatusCheck", {"ApplicationStatusCheckId": self.check, **target})
        return {"awaited": "the association", "reasons": [each.text for each in answer.findall(".//{*}reason")]}

    def ask(self, action, parameters):
        """EC2's Query API itself."""
        self.check_time()
        ec2 = client("ec2").meta
        form = {"Action": action, "Version": "2016-11-15", **parameters}
        request = AWSRequest("POST", ec2.endpoint_url, {"Content-Type": "application/x-www-form-urlencoded"}, form)
        SigV4Auth(get_session().get_credentials(), "ec2", ec2.region_name).add_auth(request)
        answer = URLLib3Session(timeout=(CALLS.connect_timeout, CALLS.read_timeout)).send(request.prepare())
        try:
            document = ElementTree.fromstring(answer.content)
        except ElementTree.ParseError as error:
            raise ResponseParserError(f"{answer.status_code}: {error}") from error
        if answer.status_code != 200:
            said = {name: document.findtext(f".//{name}") or str(answer.status_code) for name in ("Code", "Message")}
            raise ClientError({"Error": said}, action)
        return document

    def describe_group(self):
        """The group, or nothing when it is gone already."""
        found = self.call("autoscaling", "describe_auto_scaling_groups", AutoScalingGroupNames=[self.group])
        return next(iter(found["AutoScalingGroups"]), {})

    def time_is_up(self):
        words = self.said.get(self.latest)
        said = f"; the console of {self.latest} said: {words}" if words else ""
        activity = self.last_activity() if self.group and self.kind != "Delete" else ""
        return f"the time is up{said}{activity}; last seen: {json.dumps(self.awaited)}"

    def last_activity(self):
        """In words: the last one that says why, or else the last one."""
        try:
            found = client("autoscaling").describe_scaling_activities(AutoScalingGroupName=self.group, MaxRecords=5)
        except Exception as error:
            return f"; the group's activities cannot be read: {error}"
        activities = found["Activities"]
        last = next((each for each in activities if each.get("StatusMessage")), (activities or [{}])[0])
        words = [last.get(key) for key in ("Description", "StatusCode", "StatusMessage", "Cause")]
        return "; the group's last activity: " + (", ".join(filter(None, words)) or "none")

    def answer(self, status, reason):
        body = self.answer_body(status, reason)
        url = self.event["ResponseURL"]
        for pause in range(ANSWER_TRIES):
            try:
                # The URL is signed without a content type, so an empty one is sent.
                put = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})
                with urllib.request.urlopen(put, timeout=ANSWER_TIMEOUT):
                    self.log("Answered CloudFormation.", {"outcome": status, "reason": reason})
                return
            except (OSError, http.client.HTTPException) as error:
                self.log("The answer was not taken.", {"outcome": status, "error": str(error)}, "error")
                # When it raises, Lambda runs the whole request again: every step of it may be repeated.
                if pause == ANSWER_TRIES - 1 or self.remaining() < 2**pause + 2 * ANSWER_TIMEOUT:
                    raise
            self.sleep(2**pause)

    def answer_body(self, status, reason):
        event = self.event
        stack = event.get("StackId", "")
        answer = {
            "Status": status,
            "Reason": reason,
            "PhysicalResourceId": event.get("PhysicalResourceId")
            or "-".join((*stack.split("/")[1:2], event.get("LogicalResourceId", "scale-up"))),
            "StackId": stack,
            "RequestId": event.get("RequestId", ""),
            "LogicalResourceId": event.get("LogicalResourceId", ""),
        }
        body = json.dumps(answer).encode()
        while len(body) > ANSWER_LIMIT and answer["Reason"]:
            answer["Reason"] = answer["Reason"][: len(answer["Reason"]) * 3 // 4]
            body = json.dumps(answer).encode()
        return body
