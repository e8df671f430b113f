"""A bucket of S3, by the AWS CLI: who deploys the stack has it, with credentials, profiles and single sign-on."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

from failure import Failure, last_line, need
from stores import Store

TYPES = {".deb": "application/vnd.debian.binary-package", ".asc": "application/pgp-keys"}
# For caches in front of the bucket.
FOR_GOOD = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


class Refused(Exception):
    """An error that S3 has answered, by its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class UnknownOption(Exception):
    """This AWS CLI is older than the option."""


class Bucket(Store):
    def __init__(self, name: str, prefix: str) -> None:
        super().__init__()
        need("aws", os.EX_UNAVAILABLE, "for a bucket: install the AWS CLI")
        self.name = name
        self.prefix = prefix
        # Given by hand as well: versions before 2.13 do not know the variable and would ask AWS.
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        self.endpoint = endpoint.rstrip("/")
        self.conditional = True
        self._tags: dict[str, str] = {}
        self.region = ""
        self.region = self._location()

    @property
    def partition(self) -> str:
        special = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
        return next((name for start, name in special.items() if self.region.startswith(start)), "aws")

    @property
    def url(self) -> str:
        """Where it can be read over HTTP."""
        domain = "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"
        if self.endpoint:
            base = f"{self.endpoint}/{self.name}"
        elif "." in self.name:
            # The certificate of S3 has no such host.
            base = f"https://s3.{self.region}.{domain}/{self.name}"
        else:
            base = f"https://{self.name}.s3.{self.region}.{domain}"
        return f"{base}/{self.prefix}".rstrip("/")

    def key(self, name: str) -> str:
        return f"{self.prefix}/{name}".lstrip("/")

    def place(self, name: str) -> str:
        return f"s3://{self.name}/{self.key(name)}"

    def _read(self, name: str) -> bytes | None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "object")
            try:
                answer = self._ask("get-object", "--key", self.key(name), str(path))
            except Refused as refused:
                if refused.code in ("NoSuchKey", "404"):
                    return None
                raise self._failure(refused) from refused
            self._tags[name] = str(answer["ETag"])
            return path.read_bytes()

    def _add(self, name: str, content: bytes) -> bool:
        return self._put(name, content, "--if-none-match", "*")

    def _exchange(self, name: str, content: bytes) -> bool:
        return self._put(name, content, "--if-match", self._tags[name])

    def _put(self, name: str, content: bytes, *condition: str) -> bool:
        kept = name.startswith("pool/") or "/by-hash/" in name
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            put = [
                *("put-object", "--key", self.key(name), "--body", file.name),
                *("--content-type", TYPES.get(Path(name).suffix, "application/octet-stream")),
                *("--cache-control", FOR_GOOD if kept else ASK_AGAIN),
                # Whatever the bucket's default is: nobody without credentials can read what a KMS key encrypts.
                *("--server-side-encryption", "AES256"),
            ]
            try:
                if self.conditional:
                    try:
                        answer = self._ask(*put, *condition)
                    except UnknownOption:
                        print("  note     this AWS CLI is old: that nobody else publishes meanwhile is not checked")
                        self.conditional = False
                if not self.conditional:
                    answer = self._ask(*put)
            except Refused as refused:
                if refused.code in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
                    return False
                raise self._failure(refused) from refused
        self._tags[name] = str(answer["ETag"])
        return True

    def _location(self) -> str:
        try:
            answer = self._ask("get-bucket-location")
        except Refused as refused:
            raise self._failure(refused) from refused
        # Those of the first two regions are older than the names.
        found = answer.get("LocationConstraint") or "us-east-1"
        return "eu-west-1" if found == "EU" else str(found)

    def _ask(self, *arguments: str) -> dict[str, object]:
        command = ["aws", "s3api", *arguments, "--bucket", self.name, "--output", "json"]
        command += ["--endpoint-url", self.endpoint] if self.endpoint else []
        command += ["--region", self.region] if self.region else []
        environment = os.environ | {"AWS_PAGER": "", "AWS_CLI_AUTO_PROMPT": "off"}
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", env=environment, stdin=subprocess.DEVNULL
        )
        if done.returncode == 0:
            return _answer(done.stdout, arguments[0])
        said = last_line(done.stderr, f"it ended with {done.returncode}")
        refusal = re.search(r"\(([\w.]+)\) when calling the \w+ operation", done.stderr)
        if refusal:
            raise Refused(refusal.group(1), said)
        if "Unknown options" in done.stderr:
            raise UnknownOption
        raise Failure(os.EX_UNAVAILABLE, f"S3 cannot be asked (aws {' '.join(command[1:3])}): {said}")

    def _failure(self, refused: Refused) -> Failure:
        if refused.code == "NoSuchBucket":
            return Failure(os.EX_NOINPUT, f"There is no bucket {self.name}: make it with aws s3 mb s3://{self.name}")
        if refused.code in ("AccessDenied", "403"):
            return Failure(
                os.EX_NOPERM,
                f"{refused}. On this bucket and what is below {self.place('')}, this script needs "
                "s3:GetBucketLocation, s3:ListBucket (or a missing object looks like a forbidden one), s3:GetObject "
                "and s3:PutObject.",
            )
        return Failure(os.EX_UNAVAILABLE, f"S3 refuses: {refused}")


def _answer(said: str, operation: str) -> dict[str, object]:
    try:
        answer = json.loads(said or "{}")
    except ValueError:
        answer = None
    # Of each object that was read or written S3 tells the tag, which is what the next write depends on.
    if not isinstance(answer, dict) or (operation != "get-bucket-location" and not answer.get("ETag")):
        raise Failure(os.EX_UNAVAILABLE, f"This is no answer of S3 (aws s3api {operation}): {said[:200]!r}")
    return answer
