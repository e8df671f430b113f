"""CloudFormation and Terraform say the same stack, with any options. What differs stands here, with its reason."""

import re

import hcl2
import pytest

from combinations import COMBINATIONS, STATUS_CHECK, name
from generator import generate, run, template
from module import Module, plain

# A stack has a name of its own; all tags are one variable; a variable more names the image's public parameter.
OF_MODULES = {"name", "tags", "image_parameter"}
# Tags of the original; what a module reads from the subnet.
OF_TEMPLATES = {"owner", "component_name", "component_owner", "vpc_id"}
# hashicorp/aws 5.100.0 has no argument for it.
OF_TEMPLATES |= {"volume_initialization_rate", "volume2_initialization_rate"}
# A template takes one or none.
LISTS = {"target_group_arn": "target_group_arns", "application_security_group_id": "application_security_group_ids"}

# What the provider cannot do, and what to give instead.
REFUSED = [
    (("--retain-address",), "--existing-address"),
    (STATUS_CHECK, "application-status-tag"),
]

SAME_IN_ALARMS = (
    "MetricName", "Statistic", "Period", "EvaluationPeriods", "Threshold", "ComparisonOperator", "TreatMissingData",
)  # fmt: skip


def words(text):
    """`VolumeSize` as `volume_size`, `ElasticIP` as `elastic_ip`."""
    return re.sub(r"(?<!^)(?=[A-Z][a-z])|(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()


# One worker reads a module once.
@pytest.fixture(
    scope="module",
    params=[pytest.param(each, marks=pytest.mark.xdist_group(name(each))) for each in COMBINATIONS],
    ids=[name(each) for each in COMBINATIONS],
)
def both(request, tmp_path_factory):
    options = request.param
    folder = tmp_path_factory.mktemp("module")
    generate("terraform", *options, "-o", folder)
    # Of parameters without a default; none of them matters here.
    values = {
        "PackageUrl": "https://a.example/b.deb", "PackageSha256": "0" * 64, "ImageId": "ami-0", "VpcId": "vpc-0",
        "SubnetId": "subnet-0", "AvailabilityZone": "a", "VolumeId": "vol-0", "Volume2Id": "vol-1",
        "KmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/1", "AllocationId": "eipalloc-0",
        "AlarmEmail": "ops@example.com", "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:pager",
        "HostedZoneId": "Z1", "RecordName": "db.example.com", "InstanceProfileName": "own",
        "PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/bound",
    }  # fmt: skip
    return options, template(*options, values=values), Module(folder)


@pytest.mark.parametrize(("options", "words"), REFUSED, ids=lambda each: name(each) if isinstance(each, tuple) else "")
def test_what_only_cloudformation_can_is_refused_in_words(options, words):
    refused = run("terraform", *options)
    assert refused.returncode == 65 and words in refused.stderr and not refused.stdout
    assert run("cloudformation", *options).returncode == 0


def test_parameters_are_variables_with_the_same_defaults(both):
    options, stack, module = both
    declared = {words(each): value for each, value in stack.source["Parameters"].items()}
    if "--existing-network" in options:
        declared.pop("availability_zone", None)
    image = declared["image_id"].get("Default")
    assert (image or None) == module.variables.get("image_parameter", {}).get("default")
    assert {LISTS.get(each, each) for each in declared} - OF_TEMPLATES == set(module.variables) - OF_MODULES
    for each, parameter in declared.items():
        if each in OF_TEMPLATES | {"image_id"}:
            continue
        default = module.variables[LISTS.get(each, each)].get("default")
        absent = None if default == "null" else default
        assert (parameter.get("Default") or None) == (absent or None), each


# What an output is of, in each language.
KINDS = {
    "AWS::EC2::EIP": "aws_eip", "AWS::EC2::Volume": "aws_ebs_volume", "AWS::EC2::SecurityGroup": "aws_security_group",
    "AWS::EC2::VPC": "aws_vpc", "AWS::EC2::VPCEndpoint": "aws_vpc_endpoint", "AWS::EC2::Subnet": "aws_subnet",
    "AWS::Logs::LogGroup": "aws_cloudwatch_log_group", "AWS::SNS::Topic": "aws_sns_topic",
    "AWS::AutoScaling::AutoScalingGroup": "aws_autoscaling_group",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "aws_lb_target_group",
}  # fmt: skip


def test_outputs_are_the_same(both):
    _options, stack, module = both
    outputs = {words(key): each for key, each in stack.source["Outputs"].items()}
    described = [(each, output["Description"]) for each, output in outputs.items()]
    assert described == [(each, output["description"]) for each, output in module.outputs.items()]
    for each, output in outputs.items():
        ((_function, argument),) = output["Value"].items()
        of = argument if isinstance(argument, str) else argument[0]
        kind, *_ = module.outputs[each]["value"].strip("${}").split(".")
        assert kind == (KINDS[stack.resources[of]["Type"]] if of in stack.resources else "var"), each


def test_the_readme_lists_what_the_module_takes_and_gives(both):
    _options, stack, module = both
    rows = module.table("Inputs")
    assert list(rows) == list(module.variables)
    for each, variable in module.variables.items():
        description, kind, default, required = rows[each]
        assert (description, kind) == (variable["description"], variable["type"].strip("${}")), each
        assert required == ("no" if "default" in variable else "yes"), each
        # Read as the other file is.
        assert not default or plain(hcl2.loads(f"a = {default}\n"))["a"] == variable["default"], each
    # What must be given, and what the template takes too.
    given = module.usage
    assert set(given) - {"source"} == {each for each, row in rows.items() if row[-1] == "yes"}
    for each, parameter in stack.source["Parameters"].items():
        if words(each) in given:
            stack.check(each, parameter, given[words(each)])
    assert module.table("Outputs") == {each: [output["description"]] for each, output in module.outputs.items()}


def test_alarms_are_the_same(both):
    _options, stack, module = both
    alarms = {
        words(each.removesuffix("Alarm")): stack.properties(each) for each in stack.of_type("AWS::CloudWatch::Alarm")
    }
    others = module.of_type("aws_cloudwatch_metric_alarm")
    assert alarms.keys() == others.keys()
    for each, alarm in alarms.items():
        other = others[each]
        for key in SAME_IN_ALARMS:
            assert alarm.get(key) == other.get(words(key)), (each, key)
        # The volume is named by each language in its own way.
        ours = [(q["Id"], q["Expression"].split("'")[0], q["Period"]) for q in alarm.get("Metrics", [])]
        assert ours == [(q["id"], q["expression"].split("'")[0], q["period"]) for q in other.get("metric_query", [])]
        assert ours or alarm["MetricName"]
        assert alarm["AlarmDescription"] == other["alarm_description"]
        assert {pair["Name"] for pair in alarm.get("Dimensions", [])} == set(other.get("dimensions", {}))
    filters = {words(each): stack.properties(each) for each in stack.of_type("AWS::Logs::MetricFilter")}
    patterns = {each: value["pattern"] for each, value in module.of_type("aws_cloudwatch_log_metric_filter").items()}
    assert {each: value["FilterPattern"] for each, value in filters.items()} == patterns


def test_snapshots_are_taken_by_the_same_role(both):
    _options, stack, module = both
    policies = stack.of_type("AWS::DLM::LifecyclePolicy")
    assert len(policies) == len(module.of_type("aws_dlm_lifecycle_policy"))
    for each in map(stack.properties, policies):
        (details,) = module.resources["aws_dlm_lifecycle_policy.daily_snapshots"]["policy_details"]
        (schedule,) = details["schedule"]
        (ours,) = each["PolicyDetails"]["Schedules"]
        assert ours["CreateRule"] == {
            "Interval": schedule["create_rule"][0]["interval"],
            "IntervalUnit": schedule["create_rule"][0]["interval_unit"],
            "Times": schedule["create_rule"][0]["times"],
        }
        assert (ours["Name"], ours["CopyTags"]) == (schedule["name"], schedule["copy_tags"])
        granted = {
            each["Sid"]: (set(each["Action"]), {key for test in each.get("Condition", {}).values() for key in test})
            for each in stack.statements("DailySnapshotsRole")
        }
        assert granted == module.statements("daily_snapshots")


def test_every_role_has_the_same_path_and_bound(both):
    _options, stack, module = both
    roles = {
        (each.get("Path"), "PermissionsBoundary" in each)
        for each in map(stack.properties, stack.of_type("AWS::IAM::Role"))
    }
    others = {(each.get("path"), "permissions_boundary" in each) for each in module.of_type("aws_iam_role").values()}
    assert roles == others and len(roles) == 1


def test_the_same_may_ask_for_the_same_health(both):
    _options, stack, module = both

    def found(rules, cidr, group):
        return {(each[cidr] if cidr in each else each[group]) for each in rules}

    rules = stack.properties("AutohealSecurityGroup").get("SecurityGroupIngress", [])
    others = module.resources["aws_security_group.autoheal"].get("ingress", [])
    assert found(rules, "CidrIp", "SourceSecurityGroupId") == {
        each for (each,) in found(
            [{key: tuple(value) for key, value in rule.items() if isinstance(value, list)} for rule in others],
            "cidr_blocks", "security_groups",
        )
    }  # fmt: skip
    assert {each["FromPort"] for each in rules} == {each["from_port"] for each in others}
    groups = stack.of_type("AWS::ElasticLoadBalancingV2::TargetGroup")
    assert len(groups) == len(module.of_type("aws_lb_target_group"))
    for each in map(stack.properties, groups):
        (check,) = module.resources["aws_lb_target_group.autoheal"]["health_check"]
        assert (each["HealthCheckPath"], each["HealthCheckPort"]) == (check["path"], check["port"])
        assert (each["HealthCheckIntervalSeconds"], each["HealthCheckTimeoutSeconds"]) == (
            check["interval"], check["timeout"],
        )  # fmt: skip
    tags = {each["Key"]: each["Value"] for each in stack.properties("AutohealGroup")["Tags"]}
    (tag,) = module.resources["aws_autoscaling_group.autoheal"]["dynamic"]
    assert tags.get("autoheal-health-port") == (re.findall(r"= ?\"(\d+)\"", str(tag["tag"]["for_each"])) or [None])[0]


def test_the_function_may_do_and_is_told_the_same(both):
    _options, stack, module = both
    granted = {
        each["Sid"]: (
            {each["Action"]} if isinstance(each["Action"], str) else set(each["Action"]),
            {key for test in each.get("Condition", {}).values() for key in test},
        )
        for each in stack.statements("DeviceAttachmentRole")
    }
    assert granted == module.statements("device_attachment")
    function = module.resources["aws_lambda_function.device_attachment"]
    ours = stack.properties("DeviceAttachment")
    (environment,) = function["environment"]
    told = environment["variables"]
    assert set(ours["Environment"]["Variables"]) == set(told)
    for each in "LAUNCH_UNTIL", "ON_REFUSAL", "HAND_OVER":
        assert ours["Environment"]["Variables"].get(each) == told.get(each)
    assert (ours["Runtime"], ours["Timeout"], ours["MemorySize"]) == (
        function["runtime"], function["timeout"], function["memory_size"],
    )  # fmt: skip


def test_hooks_events_and_queues_are_the_same(both):
    _options, stack, module = both
    hooks = {
        each["LifecycleTransition"]: (each["DefaultResult"], each["HeartbeatTimeout"])
        for each in map(stack.properties, stack.of_type("AWS::AutoScaling::LifecycleHook"))
    }
    others = module.of_type("aws_autoscaling_lifecycle_hook").values()
    assert hooks == {
        each["lifecycle_transition"]: (each["default_result"], each["heartbeat_timeout"]) for each in others
    }
    (first,) = module.resources["aws_autoscaling_group.autoheal"]["initial_lifecycle_hook"]
    assert hooks[first["lifecycle_transition"]] == (first["default_result"], first["heartbeat_timeout"])
    pattern = stack.properties("EventRule")["EventPattern"]["detail-type"]
    assert pattern == re.findall(
        r'"(EC2 [^"]+)"', module.resources["aws_cloudwatch_event_rule.launch"]["event_pattern"]
    )
    (target,) = stack.properties("EventRule")["Targets"]
    (policy,) = module.resources["aws_cloudwatch_event_target.device_attachment"]["retry_policy"]
    assert {words(key): value for key, value in target["RetryPolicy"].items()} == policy
    notices, queue = stack.properties("LaunchNotices"), module.resources["aws_sqs_queue.launch_notices"]
    assert (notices["DelaySeconds"], notices["VisibilityTimeout"], notices["MessageRetentionPeriod"]) == (
        queue["delay_seconds"], queue["visibility_timeout_seconds"], queue["message_retention_seconds"],
    )  # fmt: skip
