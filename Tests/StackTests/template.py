"""A template of CloudFormation with its functions evaluated, as far as these templates use them."""

import base64
import json
import re

PSEUDO = {
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::StackName": "test",
    "AWS::StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/test/1",
}
NO_VALUE = object()
# What Ref gives where it matters here; for all others, the name of the resource.
IDS = {"AWS::EC2::Volume": "vol-{:017x}", "AWS::EC2::EIP": "192.0.2.{}", "AWS::EC2::Subnet": "subnet-{:017x}"}


class Template:
    def __init__(self, source, parameters=(), attributes=()):
        """:param attributes: what EC2 knows of a resource that a parameter names."""
        self.source = source
        self.attributes = dict(attributes)
        declared = source["Parameters"]
        self.parameters = {name: each.get("Default") for name, each in declared.items()} | dict(parameters)
        for name, value in self.parameters.items():
            self.check(name, declared[name], value)
        self.ids = {
            name: IDS.get(each["Type"], name).format(number)
            for number, (name, each) in enumerate(source["Resources"].items(), start=1)
        }
        self.conditions = {name: self.value(each) for name, each in source.get("Conditions", {}).items()}

    @staticmethod
    def check(name, declared, value):
        """What CloudFormation checks before it does anything."""
        if value is None:
            raise ValueError(f"{name} has no value")
        if "AllowedValues" in declared:
            assert value in declared["AllowedValues"], name
        if not re.fullmatch(declared.get("AllowedPattern", ".*"), str(value)):
            raise ValueError(f"{name} is {value}")

    def value(self, each):
        if isinstance(each, list):
            return [value for value in map(self.value, each) if value is not NO_VALUE]
        if not isinstance(each, dict):
            return each
        if len(each) == 1:
            ((name, argument),) = each.items()
            if name == "Ref" or name.startswith("Fn::"):
                return getattr(self, "do_" + name.removeprefix("Fn::").lower())(argument)
        values = {key: self.value(value) for key, value in each.items()}
        return {key: value for key, value in values.items() if value is not NO_VALUE}

    def do_ref(self, name):
        if name == "AWS::NoValue":
            return NO_VALUE
        return {**PSEUDO, **self.parameters, **self.ids}[name]

    def do_getatt(self, argument):
        resource, attribute = argument
        assert resource in self.ids, resource
        return f"{self.ids[resource]}:{attribute}"

    def do_sub(self, text):
        def one(match):
            if match[1].startswith("!"):
                return "${" + match[1][1:] + "}"
            return str(self.do_getatt(match[1].split(".")) if "." in match[1] else self.do_ref(match[1]))

        return re.sub(r"\$\{([^}]*)\}", one, text)

    def do_if(self, argument):
        condition, one, other = argument
        return self.value(one if self.conditions[condition] else other)

    def do_valueofall(self, argument):
        kind, attribute = argument
        named = [name for name, each in self.source["Parameters"].items() if each["Type"] == kind]
        return [self.attributes[self.parameters[name]][attribute] for name in named]

    def do_eachmemberequals(self, argument):
        members, value = map(self.value, argument)
        return all(each == value for each in members)

    def do_equals(self, argument):
        one, other = map(self.value, argument)
        return str(one) == str(other)

    def do_contains(self, argument):
        values, wanted = map(self.value, argument)
        return wanted in values

    def do_not(self, argument):
        return not self.value(argument[0])

    def do_base64(self, argument):
        return base64.b64encode(self.value(argument).encode()).decode()

    # What there is

    @property
    def resources(self):
        return self.source["Resources"]

    def properties(self, name):
        return self.value(self.resources[name].get("Properties", {}))

    def of_type(self, kind):
        return [name for name, each in self.resources.items() if each["Type"] == kind]

    def broken_rules(self):
        rules = [rule for rule in self.source.get("Rules", {}).values() if self.value(rule.get("RuleCondition", True))]
        assertions = [each for rule in rules for each in rule["Assertions"]]
        return [each["AssertDescription"] for each in assertions if not self.value(each["Assert"])]

    def user_data(self):
        properties = self.properties("AutohealLaunchConfig")
        return base64.b64decode(properties.get("LaunchTemplateData", properties)["UserData"]).decode()

    def statements(self, role):
        (policy,) = self.properties(role)["Policies"]
        return policy["PolicyDocument"]["Statement"]

    def needs(self, name):
        """Everything that is made before this resource, and so deleted after it."""
        found: set[str] = set()
        left = {name}
        while left:
            each = self.resources[left.pop()]
            direct = set(each.get("DependsOn", []))
            text = json.dumps(each.get("Properties", {}))
            direct |= {other for other in self.resources if re.search(rf'"{other}"|\$\{{{other}[.}}]', text)}
            left |= direct - found
            found |= direct
        return found
