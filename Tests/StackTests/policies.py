"""What a role allows, and what its function calls."""

import itertools
import json

from functions import FUNCTIONS


def kind(resource):
    """What a policy's resource is, in the words of permissions.json."""
    if resource == "*":
        return "*"
    _service, _, _, rest = resource.split(":", 5)[2:6]
    return rest.split("/")[0].split(":")[0]


def listed(value):
    return [value] if isinstance(value, str) else value


def allowed(statements, group):
    """The kinds of resources by action, beside writing logs and dead letters.

    Only what is this stack's: by name, by the tag that Auto Scaling sets, or by its subnet.
    """
    found: dict[str, set[str]] = {}
    for statement in statements:
        assert statement["Effect"] == "Allow"
        actions, resources = listed(statement["Action"]), listed(statement["Resource"])
        assert not any("*" in each for each in actions)
        if statement["Sid"] in ("Logs", "DeadLetters", "LaunchNotices", "VolumeKey"):
            assert all(each.split(":")[0] in ("logs", "sqs", "kms") for each in actions)
            assert len(resources) == 1 and resources[0] != "*"
            continue
        for action, resource in itertools.product(actions, resources):
            found.setdefault(action, set()).add(kind(resource))
            if kind(resource) == "instance":
                condition = statement["Condition"]["StringEquals"]
                assert condition == {"aws:ResourceTag/aws:autoscaling:groupName": group}
            elif kind(resource) == "network-interface":
                (subnet,) = statement["Condition"]["ArnEqualsIfExists"].values()
                assert subnet.startswith("arn:aws:ec2:eu-west-1:*:subnet/subnet-") and not subnet.endswith("*")
            elif resource != "*":
                assert not resource.endswith("*")
    return found


def called(function, options):
    """What the function is declared to call; FunctionTests shows that it is what it calls."""
    declared = json.loads((FUNCTIONS / "permissions.json").read_text())[function]
    unused = ["Address"] if "--no-address" in options else []
    unused += [] if "--apply-updates" in options else ["InstanceRefresh"]
    return {action: set(kinds) for action, kinds in declared.items() if not any(each in action for each in unused)}
