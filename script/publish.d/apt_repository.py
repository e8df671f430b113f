"""The signed index of all that has been published (https://wiki.debian.org/DebianRepository/Format).

A client reads InRelease, then what that names, by its digest. So what is named is written first, under names that are
never used again, and InRelease last: whoever reads meanwhile, or after a run that was cut short, sees all of the old or
all of the new. What an index names already is taken over only if it was signed by one of the keys that sign now.
"""

import dataclasses
import email.utils
import os

from failure import Failure
from package_file import NAME, PackageFile, field
from signatures import Keys, Signed
from stores import Store, digest

SUITE, COMPONENT = "stable", "main"
FOLDER = f"dists/{SUITE}"
IN_RELEASE, RELEASE, DETACHED = (f"{FOLDER}/{name}" for name in ("InRelease", "Release", "Release.gpg"))
ARMOURED_KEY, BINARY_KEY = "autoheal.asc", "autoheal.gpg"
HEAD = f"""\
Origin: {NAME}
Label: {NAME}
Suite: {SUITE}
Codename: {SUITE}
"""


@dataclasses.dataclass(frozen=True)
class Index:
    """All that is to be written, in this order."""

    for_good: dict[str, bytes]
    replaced: dict[str, bytes]

    def write(self, store: Store) -> None:
        for name, content in self.for_good.items():
            store.create(name, content)
        for name, content in self.replaced.items():
            store.replace(name, content)

    def read_by_apt(self, architecture: str) -> dict[str, bytes]:
        """What apt of an instance asks for before the package."""
        folder = f"{FOLDER}/{_folder(architecture)}/by-hash/"
        return {
            IN_RELEASE: self.replaced[IN_RELEASE],
            **{name: content for name, content in self.for_good.items() if name.startswith(folder)},
        }


def with_package(store: Store, package: PackageFile, keys: Keys) -> Index:
    """Signs an index that names this package too. Writes nothing."""
    before = store.read(IN_RELEASE)
    signed = _trusted(store, before, keys) if before is not None else None
    indexes = _indexes(store, signed.text.decode()) if signed else {}
    indexes[package.architecture] = _with(indexes.get(package.architecture, b""), package, store)

    text = _release(indexes)
    if before and signed and _undated(signed.text) == _undated(text) and keys.alone_signed(signed):
        in_release, text = before, signed.text
    else:
        in_release = keys.clear_signed(text)
    detached = store.read(DETACHED)
    if not detached or not keys.alone_signed(keys.verified(text, detached)):
        detached = keys.detached(text)
    # As an instance will see it.
    proven = keys.verified(in_release)
    if not proven or proven.text != text or not keys.alone_signed(proven):
        raise Failure(os.EX_SOFTWARE, "What gpg signed cannot be verified with its public keys: nothing was changed.")

    folders = {f"{FOLDER}/{_folder(architecture)}": index for architecture, index in indexes.items()}
    return Index(
        for_good={f"{folder}/by-hash/SHA256/{digest(index)}": index for folder, index in folders.items()},
        replaced={
            ARMOURED_KEY: keys.armoured,
            BINARY_KEY: keys.binary,
            # For programs that ask for no digests; apt does.
            **{f"{folder}/Packages": index for folder, index in folders.items()},
            RELEASE: text,
            DETACHED: detached,
            IN_RELEASE: in_release,
        },
    )


def _folder(architecture: str) -> str:
    return f"{COMPONENT}/binary-{architecture}"


def _trusted(store: Store, before: bytes, keys: Keys) -> Signed:
    signed = keys.verified(before)
    if not signed or not signed.text.startswith(HEAD.encode()):
        raise Failure(
            os.EX_DATAERR,
            f"{store.place(IN_RELEASE)} was not made and signed by this script with a key given now, so what it names "
            "is not signed again. If the key is to change, give the former one too (--key OLD --key NEW; "
            "docs/publish.md); else publish to another place.",
        )
    return signed


def _indexes(store: Store, release: str) -> dict[str, bytes]:
    """What has been published so far, for each architecture."""
    indexes = {}
    for line in release.partition("\nSHA256:\n")[2].splitlines():
        wanted, _, name = line.split()
        path = f"{FOLDER}/{os.path.dirname(name)}/by-hash/SHA256/{wanted}"
        index = store.read(path)
        if index is None or digest(index) != wanted:
            what = "is missing" if index is None else f"has SHA-256 {digest(index)}"
            raise Failure(os.EX_DATAERR, f"The repository is damaged: {store.place(path)} {what}. Restore it.")
        indexes[os.path.dirname(name).rpartition("binary-")[2]] = index
    return indexes


def _with(index: bytes, package: PackageFile, store: Store) -> bytes:
    stanzas = [stanza + "\n" for stanza in index.decode().rstrip("\n").split("\n\n") if stanza]
    for stanza in stanzas:
        if field(stanza, "Version") == package.version:
            if field(stanza, "SHA256") != package.sha256:
                raise Failure(
                    os.EX_CANTCREAT,
                    f"{store.place(IN_RELEASE)} names {package.version} for {package.architecture} with SHA-256 "
                    f"{field(stanza, 'SHA256')}, not {package.sha256}. Give the package another version.",
                )
            return index
    return "\n".join([*stanzas, package.stanza]).encode()


def _release(indexes: dict[str, bytes]) -> bytes:
    """There is no Valid-Until: an instance that heals a year from now needs the same index."""
    date = email.utils.formatdate(usegmt=True).replace("GMT", "UTC")
    names = sorted(indexes)
    sums = "".join(f" {digest(indexes[each])} {len(indexes[each])} {_folder(each)}/Packages\n" for each in names)
    return (
        f"{HEAD}Date: {date}\nArchitectures: {' '.join(names)}\nComponents: {COMPONENT}\nAcquire-By-Hash: yes\n"
        f"SHA256:\n{sums}"
    ).encode()


def _undated(release: bytes) -> list[bytes]:
    return [line for line in release.splitlines() if not line.startswith(b"Date:")]
