"""Signs with keys of the user's own gpg, and verifies as apt does. A secret key never leaves gpg."""

import dataclasses
import os
import subprocess
import tempfile
import time
from pathlib import Path

from failure import Failure, last_line, need

# What gpgv says of one signature (doc/DETAILS of GnuPG).
VERDICTS = {"GOODSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG", "BADSIG", "ERRSIG"}
PURPOSE = "for an apt repository (apt install gpg gpg-agent gpgv)"


@dataclasses.dataclass(frozen=True)
class Signed:
    text: bytes
    # Fingerprints of the given keys that have signed it.
    signers: frozenset[str]
    # Others have signed it too.
    has_strangers: bool


@dataclasses.dataclass(frozen=True)
class Keys:
    fingerprints: tuple[str, ...]
    # Of the first one that does, in seconds of the epoch; 0 for never.
    expires: int
    armoured: bytes
    binary: bytes

    def clear_signed(self, text: bytes) -> bytes:
        return _gpg("--armor", *self._by_each, "--clearsign", given=text)

    def detached(self, text: bytes) -> bytes:
        return _gpg("--armor", *self._by_each, "--detach-sign", given=text)

    @property
    def _by_each(self) -> list[str]:
        return [word for each in self.fingerprints for word in ("--local-user", each)]

    def verified(self, document: bytes, signature: bytes | None = None) -> Signed | None:
        """What is signed in a clear-signed document, or by a detached signature; nothing if it is by none of these."""
        with tempfile.TemporaryDirectory() as directory:
            keyring, output = Path(directory, "keyring.gpg"), Path(directory, "output")
            keyring.write_bytes(self.binary)
            Path(directory, "document").write_bytes(document)
            command = ["gpgv", "--homedir", directory, "--status-fd", "1", "--keyring", str(keyring)]
            if signature is None:
                command += ["--output", str(output), str(Path(directory, "document"))]
            else:
                Path(directory, "signature").write_bytes(signature)
                command += [str(Path(directory, "signature")), str(Path(directory, "document"))]
            status = subprocess.run(command, capture_output=True, text=True, errors="replace").stdout
            lines = [line.split()[1:] for line in status.splitlines() if line.startswith("[GNUPG:] ")]
            text = document if signature is not None else output.read_bytes() if output.exists() else b""
        signers, verdicts = set(), []
        for word, *rest in lines:
            if word in VERDICTS:
                verdicts.append(word)
            # It is said of expired keys too; its last word is the whole key, of which a part may have signed.
            elif word == "VALIDSIG" and verdicts[-1:] == ["GOODSIG"]:
                signers.add(rest[-1])
        if not signers or "BADSIG" in verdicts:
            return None
        return Signed(text, frozenset(signers), "ERRSIG" in verdicts)

    def alone_signed(self, signed: Signed | None) -> bool:
        return bool(signed and signed.signers == frozenset(self.fingerprints) and not signed.has_strangers)


def find(names: list[str]) -> Keys:
    """The secret keys that gpg has by these names."""
    need("gpg", os.EX_UNAVAILABLE, PURPOSE)
    need("gpgv", os.EX_UNAVAILABLE, PURPOSE)
    found = [_find(name) for name in names]
    fingerprints = tuple(dict.fromkeys(fingerprint for fingerprint, _ in found))
    export = ("--export-options", "export-minimal", "--export", *fingerprints)
    return Keys(
        fingerprints,
        min((expires for _, expires in found if expires), default=0),
        armoured=_gpg("--armor", *export),
        binary=_gpg(*export),
    )


def _find(name: str) -> tuple[str, int]:
    """The fingerprint of one key, and when it expires."""
    listed = subprocess.run(
        ["gpg", "--batch", "--no-auto-check-trustdb", "--with-colons", "--list-secret-keys", "--", name],
        capture_output=True,
        text=True,
        errors="replace",
    )
    records = [line.split(":") for line in listed.stdout.splitlines()]
    primaries = [record for record in records if record[0] == "sec"]
    if not primaries:
        raise Failure(
            os.EX_CONFIG,
            f"gpg has no secret key {name}. 'gpg --list-secret-keys' shows those it has; this script makes none, "
            "'script/publish --help' says how you do.",
        )
    if len(primaries) > 1:
        raise Failure(os.EX_USAGE, f"gpg has several secret keys {name}: give --key a fingerprint.")
    fingerprint = next(record[9] for record in records if record[0] == "fpr")
    # The capabilities of the whole key: it has a part that can sign, and that is neither expired nor revoked.
    if "S" not in primaries[0][11]:
        raise Failure(os.EX_CONFIG, f"The key {fingerprint} cannot sign: it is expired, revoked or not made for it.")
    ends = [int(record[6]) for record in records if record[0] in ("sec", "ssb") and "s" in record[11] and record[6]]
    return fingerprint, min((end for end in ends if end > time.time()), default=0)


def _gpg(*arguments: str, given: bytes = b"") -> bytes:
    environment = dict(os.environ)
    # For those who are asked for a passphrase on a terminal.
    if os.isatty(0):
        environment.setdefault("GPG_TTY", os.ttyname(0))
    done = subprocess.run(
        ["gpg", "--batch", "--no-auto-check-trustdb", "--quiet", *arguments],
        input=given,
        capture_output=True,
        env=environment,
    )
    if done.returncode != 0 or not done.stdout:
        said = last_line(done.stderr.decode(errors="replace"), "it says nothing")
        raise Failure(os.EX_UNAVAILABLE, f"gpg cannot do its part: {said}")
    return done.stdout
