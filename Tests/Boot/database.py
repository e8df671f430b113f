"""Scenario 17: examples/postgresql, told by user data: a database hangs, dies under its load, and heals elsewhere."""

import contextlib
import http.client
import json
import os
import secrets
import time

import database_client
import disks
import network
from asked import INTERVAL
from bound_services import write
from database_client import Client
from guest import BOOT_LIMIT, Guest
from packages import ROOT
from scenarios import NOT_FORMATTED, Stories

PACKAGE = "postgresql"
EXAMPLE = os.path.join(ROOT, "examples", "postgresql")
SOURCE = "/etc/apt/sources.list.d/boot-test.list"
HEALTH_PORT = 9465
CLIENTS = 3
# How many commits each client has been told of before the instance dies.
ENOUGH = 50
# As docs/postgresql.md lets clients in.
LET_IN = """\
set -eu
echo "listen_addresses = '*'" >"$0/conf.d/clients.conf"
echo 'hostssl all all 10.0.0.0/8 scram-sha-256' >>"$0/pg_hba.conf"
systemctl restart postgresql
"""
# A recovery is the work of a process of its own; it is stopped as soon as it is there.
HOLD, HELD = "/run/boot-test-hold.py", "/run/boot-test-held"
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "held_recovery.py")) as text:
    HELD_RECOVERY = text.read()


def story(stories: Stories) -> None:
    stories.report.begin(17, "PostgreSQL hangs, dies in the middle of a load, and recovers on the next instance")
    told = Story(stories)
    told.first_instance()
    seconds = told.hangs()
    acknowledged = told.dies_under_load()
    told.next_instance(seconds)
    told.has_all(acknowledged)


class Story:
    def __init__(self, stories: Stories) -> None:
        self.stories, self.check, self.figure = stories, stories.report.check, stories.report.figure
        self.volume = disks.Volume(os.path.join(stories.directory, "postgresql.img"))
        source = os.path.join(stories.image.directory, "source-" + PACKAGE)
        self.source = (SOURCE, f"deb [trusted=yes] {stories.packages.serve_directory(PACKAGE, source)} ./\n")
        self.password = secrets.token_hex(16)
        self.guest: Guest

    def launch(self, name: str) -> Guest:
        """With the example's two files, as docs/postgresql.md has them appended, with looks closer together."""
        config = os.path.join(self.stories.directory, "config.toml")
        with open(os.path.join(EXAMPLE, "config.toml")) as example, open(config, "w") as file:
            file.write(example.read().replace("[health]\n", f"[health]\ninterval = {INTERVAL}\n"))
        script = os.path.join(EXAMPLE, "postgresql.sh")
        self.guest = self.stories.launch(name, config, files=[self.source], flags=["--append", script])
        return self.guest

    # The first instance, whose volume comes when everything else is up

    def first_instance(self) -> None:
        check = self.check
        guest = self.launch("17-first")
        guest.wait_for_boot()
        guest.connect()
        state, agent = guest.unit(self.unit)["ActiveState"], guest.unit()["ActiveState"]
        check(
            "the boot is complete with PostgreSQL, which is not started without the volume",
            (state, agent) == ("inactive", "activating"),
            (state, agent),
        )
        guest.attach(self.volume)
        self.wait_until_ready()
        data = self.inside("SHOW data_directory")
        check("with it, it is, and its data are there", data.startswith("/data/"), data)
        self.superblock = self.volume.superblock
        self.inside(f"CREATE ROLE outside LOGIN PASSWORD '{self.password}'")
        guest.output("sh", "-c", LET_IN, f"/etc/postgresql/{self.version}/main")
        self.wait_until_ready()
        self.inside(database_client.TABLE + "; GRANT ALL ON rows TO outside")

    def hangs(self) -> float:
        """How long it is until /health says so."""
        begin = time.monotonic()
        self.signal("STOP")
        self.wait_for("/health", 503)
        seconds = time.monotonic() - begin
        state = self.guest.unit(self.unit)["ActiveState"]
        self.check("one that hangs is 503 for /health, though active for systemd", state == "active", state)
        self.figure("seconds from the hang to 503", f"{seconds:.1f}")
        self.signal("CONT")
        self.wait_until_ready()
        return seconds

    def signal(self, name: str) -> None:
        self.guest.output("systemctl", "kill", "--signal=" + name, "--kill-who=main", self.unit)

    def dies_under_load(self) -> database_client.Rows:
        """The rows whose commit the clients, which are outside of the instance, were told of until then."""
        clients = [Client(number, self.psql) for number in range(1, CLIENTS + 1)]
        try:
            self.guest.wait_until("commits", lambda: all(len(client.acknowledged) >= ENOUGH for client in clients))
            self.stories.end_guest()
            still = [client.process.poll() is None for client in clients]
            self.check("QEMU is killed while three clients outside commit", all(still), still)
        finally:
            for client in clients:
                client.end()
        return database_client.acknowledged(clients)

    # The next one, whose volume comes while it installs PostgreSQL

    def next_instance(self, seconds: float) -> None:
        check = self.check
        guest = self.launch("17-next")
        guest.wait_for_agent_start()
        write(guest, HOLD, HELD_RECOVERY)
        guest.output("systemd-run", "--unit=boot-test-hold", "python3", HOLD, HELD)
        guest.attach(self.volume)
        guest.wait_until("a recovery", lambda: guest.run("test", "-s", HELD)[0] == 0, BOOT_LIMIT, pause=2)
        pages, end = [], time.monotonic() + seconds + 10
        while time.monotonic() < end:
            pages.append(self.page("/health"))
            time.sleep(0.25)
        is_well = {code for code, _ in pages} == {200} and pages[-1][1] == "starting"
        check("as long as it recovers, /health is 200, starting", is_well, set(pages))
        ready, state = self.page("/ready")[0], guest.unit(self.unit)["ActiveState"]
        check("  and it is not ready, nor started", (ready, state) == (503, "activating"), (ready, state))
        guest.output("sh", "-c", f"kill -CONT $(cat {HELD})")
        self.wait_until_ready()

    def has_all(self, acknowledged: database_client.Rows) -> None:
        check = self.check
        found = database_client.rows_of(self.outside(database_client.ALL_ROWS))
        check("the next instance has the row that was there before", (0, 0) in found, len(found))
        lost = sorted(acknowledged - found)
        check("and every one whose commit a client was told of", not lost, lost[:5])
        self.figure("rows of which clients were told, and rows there", f"{len(acknowledged)}, {len(found) - 1}")
        log = self.guest.output("cat", f"/var/log/postgresql/postgresql-{self.version}-main.log")
        check("after a recovery", "automatic recovery in progress" in log, log[-400:])
        check(NOT_FORMATTED, self.volume.superblock == self.superblock, self.volume.superblock)

    # What is asked from outside

    @property
    def psql(self) -> list[str]:
        login = f"postgresql://outside:{self.password}@{network.GUEST}/postgres?sslmode=require"
        return ["psql", "--dbname", login]

    def outside(self, text: str) -> str:
        return disks.run(*self.psql, "-XAtqc", text).stdout.strip()

    def page(self, path: str) -> tuple[int, str]:
        """The status of a page, as the load balancer asks for it, and the state that it names."""
        connection = http.client.HTTPConnection(network.GUEST, HEALTH_PORT, timeout=20)
        with contextlib.closing(connection):
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                return answer.status, json.loads(answer.read()).get("status", "")
            except (OSError, http.client.HTTPException) as error:
                return 0, str(error)

    def wait_for(self, path: str, status: int) -> None:
        self.guest.wait_until(f"{path} to be {status}", lambda: self.page(path)[0] == status, pause=0.25)

    def wait_until_ready(self) -> None:
        self.wait_for("/ready", 200)

    # And inside

    def inside(self, text: str) -> str:
        return self.guest.output("runuser", "-u", "postgres", "--", "psql", "-XAtqc", text).strip()

    @property
    def version(self) -> str:
        shown = self.guest.output("dpkg-query", "--show", "--showformat=${Version}", PACKAGE)
        return shown.partition("+")[0]

    @property
    def unit(self) -> str:
        return f"postgresql@{self.version}-main.service"
