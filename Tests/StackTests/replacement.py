"""What CloudFormation would make anew when one template takes the place of another: by the schemas of cfn-lint."""

import functools
import json
import re

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

# The schema of a volume calls nothing create-only, yet EC2 changes only its size, type and throughput.
NOT_IN_SCHEMA = {"AWS::EC2::Volume": ["AvailabilityZone", "Encrypted", "KmsKeyId", "SnapshotId"]}


@functools.cache
def create_only(kind):
    """Names of the properties whose change replaces a resource of this type, or may."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-west-1", kind).schema
    pointers = [*schema.get("createOnlyProperties", []), *schema.get("conditionalCreateOnlyProperties", [])]
    return {each.split("/")[2] for each in pointers} | set(NOT_IN_SCHEMA.get(kind, []))


def spelled(value, conditions):
    """As it is written, with what a condition says in place of its name."""
    if isinstance(value, list):
        return [spelled(each, conditions) for each in value]
    if isinstance(value, dict):
        if "Fn::If" in value:
            condition, *choices = value["Fn::If"]
            value = {"Fn::If": [conditions[condition], *choices]}
        return {key: spelled(each, conditions) for key, each in value.items()}
    return value


def refers(value, names):
    text = json.dumps(value)
    return any(re.search(rf'"{name}"|\$\{{{name}[.}}]', text) for name in names)


def replaced(earlier, today):
    """Each resource of both that would be made anew, with the properties that are the reason. What refers to such a
    resource by a property of this kind is made anew as well."""
    found: dict[str, set[str]] = {}
    while True:
        more = {
            name: why
            for name in earlier["Resources"].keys() & today["Resources"].keys() - found.keys()
            if (why := reasons(earlier, today, name, found))
        }
        if not more:
            return found
        found |= more


def reasons(earlier, today, name, anew):
    kinds = [each["Resources"][name]["Type"] for each in (earlier, today)]
    if kinds[0] != kinds[1]:
        return {"Type"}
    before, after = (
        spelled(each["Resources"][name].get("Properties", {}), each.get("Conditions", {})) for each in (earlier, today)
    )
    return {
        key
        for key in create_only(kinds[0])
        if before.get(key) != after.get(key) or (key in after and refers(after[key], anew))
    }
