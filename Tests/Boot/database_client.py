"""A client of PostgreSQL that remembers, outside of its machine, which of its commits it was told of."""

import contextlib
import subprocess
import threading
from collections.abc import Iterable

Rows = set[tuple[int, int]]
TABLE = "CREATE TABLE rows (client int, number int); INSERT INTO rows VALUES (0, 0)"
ALL_ROWS = "SELECT client, number FROM rows"


class Client:
    """Commits one row after the other until its database is gone, or it is ended."""

    def __init__(self, number: int, psql: list[str]) -> None:
        self.number = number
        self.acknowledged: list[int] = []
        self.process = subprocess.Popen(
            [*psql, "-X"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )
        self.thread = threading.Thread(target=self.commit, daemon=True)
        self.thread.start()

    def commit(self) -> None:
        row = 0
        with contextlib.suppress(BrokenPipeError), self.process:
            while True:
                row += 1
                self.process.stdin.write(f"INSERT INTO rows VALUES ({self.number}, {row});\n")
                if self.process.stdout.readline() != "INSERT 0 1\n":
                    return
                self.acknowledged.append(row)

    def end(self) -> None:
        """Where it would wait for an answer for long, because nothing says that its database is gone."""
        self.process.kill()
        self.thread.join(60)


def acknowledged(clients: Iterable[Client]) -> Rows:
    return {(client.number, row) for client in clients for row in client.acknowledged}


def rows_of(answer: str) -> Rows:
    """As `psql -At` answers ALL_ROWS."""
    found = set()
    for line in answer.splitlines():
        client, _, number = line.partition("|")
        found.add((int(client), int(number)))
    return found
