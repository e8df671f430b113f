"""Who follows the README: copies its commands, reads what they say, and fills in what it leaves open."""

import json
import re

import boto3

from publisher import told
from readme import Terminal, commands, make_checkout

SECTION = "The whole stack"
# What script/publish prints to be copied.
COPIED = re.compile(r"^  (aws s3api (?:.*\\\n.*|.*?'\{.*?^\}'))$", re.M | re.S)
INSTANCE = re.compile(r"\bi-(?:[0-9a-f]{17}\b|\.\.\.)")
SHOWN = re.compile(r"^(i-[0-9a-f]{17})\tInService$", re.M)


class Person:
    def __init__(self, account, directory, package):
        self.account, self.directory, self.package = account, directory, package
        self.terminal = None
        self.checkouts = 0
        self.begin()

    def begin(self):
        """Nothing was done yet."""
        self.close()
        self.account.begin_anew()
        self.checkouts += 1
        self.checkout = self.directory / str(self.checkouts)
        make_checkout(self.checkout, self.package)
        self.terminal = Terminal(self.checkout, self.account.url)
        self.done: list[tuple[str, str]] = []  # commands, and what they said

    def close(self):
        if self.terminal:
            self.terminal.close()

    def follow(self, text, until=None):
        """All commands, or those before one; gives them with what they said. What was done before is not done again."""
        wanted = commands(text, SECTION)
        done = [command for command, _ in self.done]
        if done != wanted[: len(done)] or len(done) == len(wanted):
            self.begin()
            done = []
        for command in wanted[len(done) :]:
            if until and command.startswith(until):
                break
            logged = len(self.account.log)
            try:
                self.done.append((command, self.do(command)))
            except AssertionError as error:
                text = "\n".join([str(error), *self.account.log[logged:]])
                self.delete_what_failed()
                raise AssertionError(text) from error
        return self.done

    def delete_what_failed(self):
        cloud = self.client("cloudformation")
        for each in cloud.describe_stacks()["Stacks"]:
            if each["StackStatus"] == "ROLLBACK_COMPLETE":
                cloud.delete_stack(StackName=each["StackName"])

    def do(self, command):
        text = self.filled(command)
        assert "..." not in text.partition(" # ")[0], f"{command}\nleaves open what nothing has said"
        self.check_parameters(command)
        said = self.terminal(text)
        for each in COPIED.findall(said):
            self.terminal(each)
        if variable := re.match(r"(\w+)=\$\(", command):
            said = self.terminal(f'echo "${variable[1]}"') or "None"
        assert "None" not in said.split(), f"{command}\nfinds nothing: {said}"
        self.account.pass_time()
        is_left = "delete-stack" in command and self.client("cloudformation").describe_stacks()["Stacks"]
        assert not is_left, f"{command}\nand the stack is still there"
        return said

    def check_parameters(self, command):
        """What the template does not know, the AWS CLI leaves out without a word."""
        template = re.search(r"--template-file (\S+)", command)
        if template and (path := self.checkout / template[1]).exists():
            given = set(re.findall(r"\s(\w+)=", command.partition("--parameter-overrides")[2]))
            unknown = given - json.loads(path.read_text())["Parameters"].keys()
            assert not unknown, f"{command}\nnames what the template does not have: {unknown}"

    def filled(self, command):
        """As a person copies it who reads what came before."""
        everything = "\n".join(said for _, said in self.done)
        if "PackageUrl=" in everything:
            command = command.replace("https://...", told(everything, "PackageUrl"))
            command = command.replace("PackageSha256=...", f"PackageSha256={told(everything, 'PackageSha256')}")
        if instances := SHOWN.findall(everything):
            command = INSTANCE.sub(instances[-1], command)
        return command

    def client(self, service):
        return boto3.client(service, endpoint_url=self.account.url)

    def outputs(self, stack):
        (found,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}
