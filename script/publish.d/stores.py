"""Where it is published: a directory or a bucket. What is immutable is never written over there."""

import abc
import fcntl
import hashlib
import os
from pathlib import Path

from failure import Failure


class Store(abc.ABC):
    def __init__(self) -> None:
        # What was there when this run looked first. What is replaced must still be that.
        self._seen: dict[str, bytes | None] = {}
        self.changes = 0

    def read(self, name: str) -> bytes | None:
        if name not in self._seen:
            self._seen[name] = self._read(name)
        return self._seen[name]

    def refuse_another(self, name: str, content: bytes) -> None:
        """Before anything is written."""
        found = self.read(name)
        if found is not None and found != content:
            raise Failure(
                os.EX_CANTCREAT,
                f"{self.place(name)} exists with another content: SHA-256 {digest(found)}, not {digest(content)}. What "
                "is published never changes, since instances months from now count on it. Give the package another "
                "version (packaging/debian/changelog), or publish to another place.",
            )

    def create(self, name: str, content: bytes) -> None:
        """For good: the same content is fine, another one is refused."""
        self.refuse_another(name, content)
        if self.read(name) is not None:
            return
        if self._add(name, content):
            self._has_written("new", name, content)
            return
        # Somebody was faster.
        del self._seen[name]
        self.refuse_another(name, content)
        if self.read(name) is None:
            raise self._overtaken(name)

    def replace(self, name: str, content: bytes) -> None:
        """For what follows what is published: indexes, signatures, public keys."""
        found = self.read(name)
        if found == content:
            return
        if not (self._add(name, content) if found is None else self._exchange(name, content)):
            raise self._overtaken(name)
        self._has_written("new" if found is None else "changed", name, content)

    def _overtaken(self, name: str) -> Failure:
        return Failure(
            os.EX_TEMPFAIL,
            f"{self.place(name)} was changed by somebody else meanwhile. Nothing is lost: run this again.",
        )

    def _has_written(self, what: str, name: str, content: bytes) -> None:
        self._seen[name] = content
        self.changes += 1
        print(f"  {what:8} {self.place(name)}", flush=True)

    @abc.abstractmethod
    def place(self, name: str) -> str:
        """As a person would call it."""

    @abc.abstractmethod
    def _read(self, name: str) -> bytes | None: ...

    @abc.abstractmethod
    def _add(self, name: str, content: bytes) -> bool:
        """Whole or not at all. False if there is one already."""

    @abc.abstractmethod
    def _exchange(self, name: str, content: bytes) -> bool:
        """Whole or not at all. False if it is no longer the one that was read."""


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Directory(Store):
    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root
        # For a web server.
        os.umask(0o022)
        root.mkdir(parents=True, exist_ok=True)
        # Until this process ends. Nobody else exchanges anything meanwhile.
        self.lock = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(os.EX_TEMPFAIL, f"Another run publishes to {root} right now: try again.") from None

    def place(self, name: str) -> str:
        return str(self.root / name)

    def _read(self, name: str) -> bytes | None:
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            return None

    def _add(self, name: str, content: bytes) -> bool:
        new = self._written(name, content)
        try:
            os.link(new, self.root / name)
        except FileExistsError:
            return False
        finally:
            new.unlink()
        return True

    def _exchange(self, name: str, content: bytes) -> bool:
        self._written(name, content).replace(self.root / name)
        return True

    def _written(self, name: str, content: bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return new
