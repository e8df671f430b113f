"""A module of Terraform as text: what its blocks say, without a provider."""

import json
import re
from typing import Any

import hcl2


def plain(value):
    """Without what the parser adds: quotes around texts, marks of blocks."""
    if isinstance(value, dict):
        return {plain(key): plain(each) for key, each in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, str) and value.startswith('"') and value.endswith('"'):
        return json.loads(value)
    return value


def usage(readme):
    """The call of the module that a README shows."""
    return re.search(r"^```hcl\n(.*?)^```", readme, re.M | re.S)[1]


class Module:
    def __init__(self, folder):
        self.folder = folder
        self.variables: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}
        self.resources: dict[str, Any] = {}
        for block in plain(hcl2.loads((folder / "variables.tf").read_text()))["variable"]:
            self.variables |= block
        for block in plain(hcl2.loads((folder / "outputs.tf").read_text()))["output"]:
            self.outputs |= block
        for block in plain(hcl2.loads((folder / "main.tf").read_text()))["resource"]:
            for kind, named in block.items():
                self.resources |= {f"{kind}.{name}": each for name, each in named.items()}

    @property
    def readme(self):
        return (self.folder / "README.md").read_text()

    @property
    def usage(self):
        """The arguments that the README calls the module with."""
        ((_name, block),) = plain(hcl2.loads(usage(self.readme)))["module"][0].items()
        return block

    def table(self, heading):
        """The rows below a heading of the README, by their first cell and without marks of code."""
        section = re.search(rf"^## {heading}\n\n(.*?)\n\n", self.readme, re.M | re.S)[1]
        rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in section.splitlines()[2:]]
        rows = [[each.strip(" `") for each in cells] for cells in rows]
        return {cells[0]: cells[1:] for cells in rows}

    def of_type(self, kind):
        return {name.split(".")[1]: each for name, each in self.resources.items() if name.startswith(f"{kind}.")}

    def statements(self, policy):
        """Names of what a policy allows: its actions, and the keys of its conditions."""
        text = self.resources[f"aws_iam_role_policy.{policy}"]["policy"]
        found = {}
        for each in re.split(r"\{Sid = ", text)[1:]:
            name = re.match(r'"(\w+)"', each)[1]
            actions = set(re.findall(r'"([^"]+)"', re.search(r"Action = \[(.*?)\]", each)[1]))
            condition = each.partition("Condition = ")[2]
            found[name] = actions, set(re.findall(r'\{"([^"]+)" = ', condition))
        return found
