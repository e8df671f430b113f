"""Why nothing, or not all of it, was published."""

import shutil


class Failure(Exception):
    """Says what was found and what to do. Its status is one of sysexits.h, as for all programs of this project."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def last_line(text: str, otherwise: str) -> str:
    """What a program said last."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), otherwise)


def need(program: str, status: int, purpose: str) -> None:
    if not shutil.which(program):
        raise Failure(status, f"{program} is not installed, and is needed {purpose}.")
