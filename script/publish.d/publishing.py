"""The command line of script/publish: what is published, and what a person does with it next."""

import argparse
import os
import re
import sys
import time
import urllib.parse
from pathlib import Path
from typing import NoReturn

import apt_repository
import bucket_access
import package_file
import reading
import signatures
from apt_repository import Index
from bucket import Bucket
from failure import Failure
from package_file import PackageFile
from signatures import Keys
from stores import Directory, Store

NOWHERE = "https://packages.example.com"
TEXT = argparse.RawDescriptionHelpFormatter
DESCRIPTION = """\
Publishes the package that script/package has made where instances find it: in a directory for a web server of yours,
or in a bucket. Instances have no role and no secret: they read it as everyone does, and trust a digest or a signature.

What is published never changes: the same package again is fine, another one of the same version is refused. With --key
it is also in a signed apt repository, whose index is the only thing that changes. Every version stays in it.

At the end it prints what a stack is told, and which policies would let instances read a bucket. It changes no policy,
no ACL and no setting of a bucket, and makes, copies and exports no secret key.
"""
EPILOG = """\
examples:
  script/package && script/publish s3://my-packages/autoheal --public
      The package in a bucket, and the policy that lets everyone read it, for you to apply. Run it again afterwards:
      it says whether it can be read.
  gpg --quick-generate-key 'Packages of Example <ops@example.com>' ed25519 sign never
  script/publish s3://my-packages/autoheal --key ops@example.com --endpoint-id vpce-0123456789abcdef0
      An apt repository too, for instances behind this gateway endpoint. Each stack has a copy of the public key: a
      small one leaves room in its user data, and one that expires ends heals.
  script/publish s3://my-packages/autoheal --key OLD --key NEW
      Signed by both, while stacks go from one key to the other.
  script/publish /srv/www/autoheal --url https://packages.example.com/autoheal
      In a directory that a web server serves at this address.

exit status:
  0 published, or there already, and at the end it is told whether it can be read from here; 64 wrong usage; 65 no such
  package, or an index that cannot be trusted; 66 no package or bucket; 69 a program or S3 does not do its part; 73 the
  same version has another content; 74 it cannot be read or written; 75 somebody else publishes, try again; 77 no
  permission; 78 no such key

docs/publish.md compares the ways and tells how a key is changed.
"""
WAYS = """\
A bucket blocks public access until its owner allows it. Nothing of this was applied; put-bucket-policy replaces the
policy of the bucket, so add the statement to the one that is there, if there is one."""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(os.EX_USAGE, f"publish: {message}\nTry 'script/publish --help'.\n")


def main() -> int:
    try:
        options = _options()
        _publish(options)
    except Failure as failure:
        print(f"publish: {failure}", file=sys.stderr)
        return failure.status
    except OSError as error:
        print(f"publish: {error}", file=sys.stderr)
        return os.EX_NOPERM if isinstance(error, PermissionError) else os.EX_IOERR
    return os.EX_OK


def _options() -> argparse.Namespace:
    parser = Parser(prog="script/publish", description=DESCRIPTION, epilog=EPILOG, formatter_class=TEXT)
    parser.add_argument("place", metavar="DIR|s3://BUCKET[/PREFIX]", help="where it is published")
    parser.add_argument("--deb", metavar="FILE", type=Path, help="the package; that of dist/ otherwise")
    parser.add_argument(
        "--key",
        metavar="KEYID",
        action="append",
        default=[],
        help="sign an apt repository with this key of your gpg; again for a second one",
    )
    parser.add_argument("--url", help="where the place is read over HTTP; a bucket has an address of its own")
    parser.add_argument("--public", action="store_true", help="show the policy for everyone only")
    parser.add_argument(
        "--endpoint-id",
        metavar="vpce-...",
        action="append",
        default=[],
        help="show the policy for this gateway endpoint only; may be given again",
    )
    options = parser.parse_args()
    is_bucket = options.place.startswith("s3:")
    if is_bucket and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*/?", options.place):
        parser.error(f"{options.place} is not s3://BUCKET or s3://BUCKET/PREFIX, in letters, digits and ._-")
    if not is_bucket and "://" in options.place:
        parser.error(f"{options.place} is neither a directory nor s3://BUCKET[/PREFIX]")
    if not is_bucket and (options.public or options.endpoint_id):
        parser.error("--public and --endpoint-id are about a bucket, and this is a directory")
    if wrong := [each for each in options.endpoint_id if not re.fullmatch("vpce-[0-9a-f]+", each)]:
        parser.error(f"{wrong[0]} is not the id of an endpoint, such as {bucket_access.ANY_ENDPOINT}")
    if options.url and not re.fullmatch(r"https?://[A-Za-z0-9\[][A-Za-z0-9._~:/%@()=\[\]-]*", options.url):
        parser.error(f"--url {options.url} is not an http(s) address without a query")
    if options.url and not _is_of_a_server(options.url):
        parser.error(f"--url {options.url} is not the address of a server, without a user")
    return options


def _publish(options: argparse.Namespace) -> None:
    package = package_file.read(options.deb or package_file.built())
    keys = signatures.find(options.key) if options.key else None
    store = _store(options.place)
    store.refuse_another(package.path, package.content)
    index = apt_repository.with_package(store, package, keys) if keys else None

    print(f"autoheal-agent {package.version} for {package.architecture}, SHA-256 {package.sha256}")
    store.create(package.path, package.content)
    if index:
        index.write(store)
    if not store.changes:
        print(f"  all of it is in {store.place('')} already: nothing was changed")
    if not keys:
        print("There is no apt repository: --key makes a signed one. By its address the package needs none.")
    elif keys.expires:
        day = time.strftime("%Y-%m-%d", time.gmtime(keys.expires))
        print(f"The key expires on {day}: instances that are launched later refuse the repository (docs/publish.md).")
    _tell(options, store, package, keys, index)


def _is_of_a_server(url: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(url)
        return bool((parts.hostname or "").encode("idna")) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False


def _store(place: str) -> Store:
    if not place.startswith("s3://"):
        return Directory(Path(place))
    name, _, prefix = place.removeprefix("s3://").partition("/")
    return Bucket(name, prefix.strip("/"))


def _tell(
    options: argparse.Namespace, store: Store, package: PackageFile, keys: Keys | None, index: Index | None
) -> None:
    base = (options.url or (store.url if isinstance(store, Bucket) else NOWHERE)).rstrip("/")
    url = _address(base, package.path)
    print(f"""
A stack is told at its deployment, after --parameter-overrides:
  PackageUrl={url} \\
  PackageSha256={package.sha256}
or when it is generated:
  --package-url {url} \\
  --package-sha256 {package.sha256}""")
    if keys:
        print(f"""or, for the apt repository, when it is generated:
  gpg --armor --export-options export-minimal --export {" ".join(keys.fingerprints)} >autoheal.asc
  --apt-source '{base} {apt_repository.SUITE} {apt_repository.COMPONENT}' --apt-key autoheal.asc \\
  --package-version {package.version}""")
    if package.architecture == "arm64":
        print("Its instances are arm64: generate it with --architecture arm64.")
    print()
    if base == NOWHERE:
        print(f"{NOWHERE} stands for the address at which your web server has {store.place('')}: give it by --url.")
        return
    is_readable = _tell_what_can_be_read(base, package, index)
    if isinstance(store, Bucket) and (not is_readable or options.public or options.endpoint_id):
        print(WAYS)
        print(bucket_access.choices(store, options.public, options.endpoint_id))


def _address(base: str, name: str) -> str:
    # A '+' would be a space to S3.
    return f"{base}/{urllib.parse.quote(name)}"


def _tell_what_can_be_read(base: str, package: PackageFile, index: Index | None) -> bool:
    """As an instance reads it, but from here. Nothing is said to be readable that was not read."""
    wanted = {package.path: package.content} | (index.read_by_apt(package.architecture) if index else {})
    problems = {}
    for name, content in wanted.items():
        if problem := reading.problem(_address(base, name), content):
            problems[name] = problem
    can = "can be read from here without credentials, as instances read it"
    if package.path in problems:
        print("It cannot be read from here without credentials, and instances have none:")
    elif problems:
        print(f"By its address it {can}, and has this digest; by apt it cannot:")
    elif index:
        print(f"It {can}, by its address and by apt: the package, InRelease and the index are those that were written.")
    else:
        print(f"It {can}, and has this digest.")
    for name, problem in problems.items():
        print(f"  {_address(base, name)}: {problem}")
    return not problems
