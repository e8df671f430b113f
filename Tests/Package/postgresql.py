"""examples/postgresql: a database on its volume, what /health says of it, and the next instance that takes it up."""

import contextlib
import fcntl
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time

import database_client  # of Tests/Boot
import trees
from machine import TARGET, UNIT, Disk, Machine
from metadata import MetadataService
from watched import ask

EXAMPLE = os.path.join(trees.ROOT, "examples", "postgresql")
ARRIVAL = "autoheal-agent-arrival.service"
ON_DATA = "postgresql-on-data.service"
HOME = "/data/postgresql"
# A recovery that goes on as long as the file is there, by asking an archive for a log that it never has.
HOLD = "/run/hold"
ARCHIVE = f"while [ -e {HOLD} ]; do sleep 0.1; done; false"
LAST_ROW = "SELECT count(*) FROM rows WHERE client = 0 AND number = 1"
# ext4.h: EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH.
SHUT_DOWN, LOSE_ALL = 0x8004587D, struct.pack("I", 2)


def story(stage):
    report, log = stage.report, stage.log.removesuffix(".log")
    with Disk(stage.tree.path + "-postgresql", 1 << 30) as disk:
        interrupted(stage.tree, disk)
        with instance(stage, "first", disk) as tree, Machine(tree, f"{log}-first.log") as machine:
            acknowledged, user, seconds = first(report, machine, disk)
        with instance(stage, "next", disk) as tree:
            # Another image may count its users in another way.
            tree.run("useradd", "--uid", user, "--user-group", "someone-else")
            disk.is_there(tree, UNIT)
            with Machine(tree, f"{log}-next.log") as machine:
                taken_up(report, machine, acknowledged)
                handed_over(report.check, machine, disk)
            before = of_another_version(disk)
            with Machine(tree, f"{log}-again.log") as machine:
                refused(report.check, machine, before, seconds)


def interrupted(tree, disk):
    """What an instance leaves that ended while it made its cluster."""
    left = os.path.join(tree.path + "-left", "postgresql.new", "15", "main")
    os.makedirs(left)
    with open(os.path.join(left, "PG_VERSION"), "w") as file:
        file.write("15\n")
    subprocess.run(["mkfs.ext4", "-q", "-d", tree.path + "-left", disk.node], check=True)
    shutil.rmtree(tree.path + "-left")


@contextlib.contextmanager
def instance(stage, name, disk):
    """A root volume as it comes from the image, with what user data brings."""
    logs = os.path.dirname(stage.log)
    work = f"{stage.tree.path}-{name}-instance"
    os.mkdir(work)
    with trees.Tree(stage.tree.suite, work, logs) as tree:
        tree.run("dpkg", "--install", tree.copy(stage.tree.file(stage.deb)))
        configure(tree, disk)
        # Instead of the network's: a container has none.
        shutil.copytree(trees.source_of(tree.suite, "postgresql", logs), tree.file("/srv/source"))
        shutil.rmtree(tree.file("/etc/apt/sources.list.d"))
        tree.write("/etc/apt/sources.list", "deb [trusted=yes] file:/srv/source ./\n")
        shutil.copy(os.path.join(EXAMPLE, "postgresql.sh"), tree.file("/root/postgresql.sh"))
        yield tree
    shutil.rmtree(work)


def configure(tree, disk):
    with open(os.path.join(EXAMPLE, "config.toml")) as file:
        text = file.read().replace('"/dev/sdf"', f'"{disk.node}"\ntries = 2\ninterval = 2')
    text = text.replace("[health]\n", "[health]\ninterval = 2\n")
    tree.write(
        "/etc/autoheal-agent/config.toml", f'{text}\n[agent]\nmetadata-endpoint = "{MetadataService.ENDPOINT}"\n'
    )


def first(report, machine, disk):
    check = report.check
    run_user_data(check, machine)
    machine.wait("a second try", lambda: int(machine.state()["NRestarts"]) >= 1)
    unit = service(machine)
    by_hand = machine.try_to("postgresql-on-data", version(machine))
    clusters = subprocess.run(
        ["find", machine.tree.path, "-xdev", "-name", "PG_VERSION"], check=True, capture_output=True, text=True
    ).stdout
    check(
        "without the volume it is not started, and no cluster is made, by hand neither",
        clusters == "" and by_hand.returncode != 0 and machine.state(unit)["ActiveState"] == "inactive",
        clusters,
    )
    disk.attach(machine)
    machine.run("systemctl", "start", ARRIVAL)
    machine.wait_until("active", unit)
    machine.wait("it to be ready", lambda: ask(machine, "/ready").startswith("200"))
    places = query(machine, "SHOW data_directory"), query(machine, "SHOW config_file")
    real = machine.run("readlink", "--canonicalize", *places).split()
    check(
        "with the volume it is, with data and configuration there",
        all(path.startswith(HOME + "/") for path in real),
        places,
    )
    query(machine, database_client.TABLE)
    machine.run("sh", "-c", f"echo 'hot_standby = off' >/etc/postgresql/{version(machine)}/main/conf.d/ours.conf")
    seconds = hung(report, machine, unit)
    recovering(check, machine, unit, seconds)
    updated(check, machine, unit)
    user = machine.run("id", "-u", "postgres").strip()
    return loaded(check, machine), user, seconds


def run_user_data(check, machine):
    run = machine.try_to("sh", "/root/postgresql.sh", limit=300)
    check("the script ends, with the volume or without", run.returncode == 0, run.stderr[-600:])


def hung(report, machine, unit):
    """How long it is until /health says so."""
    begin = time.monotonic()
    machine.run("systemctl", "kill", "--signal=STOP", "--kill-who=main", unit)
    machine.wait("/health to miss it", lambda: ask(machine, "/health").startswith("503"))
    seconds = time.monotonic() - begin
    state = machine.state(unit)
    report.check(
        "one that hangs is 503 for /health, though active for systemd", state["ActiveState"] == "active", state
    )
    report.figure("from the hang to 503, with looks every 2 s", f"{seconds:.1f} s")
    machine.run("systemctl", "kill", "--signal=CONT", "--kill-who=main", unit)
    machine.wait("it to be ready again", lambda: ask(machine, "/ready").startswith("200"))
    return seconds


def recovering(check, machine, unit, seconds):
    query(machine, f"ALTER SYSTEM SET restore_command = '{ARCHIVE}'")
    machine.run("systemctl", "restart", unit)
    hold(machine)
    # The postmaster ends all others then, and recovers.
    process = query(machine, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")
    machine.run("sh", "-c", f"kill -KILL {process}")
    machine.wait("it to recover", lambda: machine.try_to("pg_isready").returncode == 1)
    pages = watch(machine, seconds + 4)
    check("one that recovers from a crash is 200 all the time", pages == {"200"}, pages)
    machine.run("rm", HOLD)
    machine.wait("it to answer", lambda: machine.try_to("pg_isready").returncode == 0)

    hold(machine)
    machine.run("systemctl", "restart", "--no-block", unit)
    machine.wait("the start to be seen", lambda: '"status":"starting"' in ask(machine, "/health"))
    pages = watch(machine, seconds + 4)
    check("one that recovers as it starts is 200, starting, for /health", pages == {"200"}, pages)
    ready, state = ask(machine, "/ready"), machine.state(unit)
    check(
        "  and not ready, nor started, before it takes clients",
        ready.startswith("503") and state["ActiveState"] == "activating",
        ready,
    )
    machine.run("rm", HOLD)
    machine.wait_until("active", unit)
    machine.wait("it to be ready", lambda: ask(machine, "/ready").startswith("200"))


def hold(machine):
    signal_file = query(machine, "SHOW data_directory") + "/recovery.signal"
    machine.run("runuser", "-u", "postgres", "touch", signal_file)
    machine.run("touch", HOLD)


def watch(machine, seconds):
    """Every status of /health in this time."""
    pages = set()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pages.add(ask(machine, "/health")[:3])
    return pages


def updated(check, machine, unit):
    before = machine.state(unit)["InvocationID"]
    run_user_data(check, machine)
    check("run again, it changes nothing", machine.state(unit)["InvocationID"] == before)
    machine.run("systemctl", "stop", "postgresql.service")
    machine.wait_until("inactive", unit)
    machine.run("systemctl", "start", "postgresql.service")
    machine.wait_until("active", unit)
    check("what Debian calls postgresql.service stops and starts it", query(machine, "SELECT 1") == "1")
    before = machine.state(unit)["InvocationID"]
    names = [f"postgresql-{version(machine)}", "postgresql-common"]
    update = machine.try_to("apt-get", "-y", "install", "--reinstall", *names, limit=300)
    state = machine.wait_until("active", unit)
    check(
        "an update of its packages starts it again",
        update.returncode == 0
        and state["InvocationID"] != before
        and query(machine, "SELECT count(*) FROM rows") == "1",
        update.stderr[-600:],
    )


def loaded(check, machine):
    """The rows whose commit its clients were told of until the power went."""
    psql = ["nsenter", "--target", machine.leader, "--all", "runuser", "-u", "postgres", "--", "psql"]
    clients = [database_client.Client(number, psql) for number in range(1, 4)]
    machine.wait("commits", lambda: all(len(client.acknowledged) > 300 for client in clients))
    data = os.open(f"/proc/{machine.leader}/root/data", os.O_RDONLY)
    fcntl.ioctl(data, SHUT_DOWN, LOSE_ALL)
    os.close(data)
    os.kill(int(machine.leader), signal.SIGKILL)
    machine.process.wait(60)
    for client in clients:
        client.thread.join(60)
    check("the power goes while three clients commit", not any(client.thread.is_alive() for client in clients))
    return database_client.acknowledged(clients)


def taken_up(report, machine, acknowledged):
    check = report.check
    run_user_data(check, machine)
    machine.wait_until("active", service(machine))
    machine.wait("it to be ready", lambda: ask(machine, "/ready").startswith("200"))
    found = database_client.rows_of(query(machine, database_client.ALL_ROWS))
    check(
        "the next instance has the row, and every one whose commit a client was told of",
        (0, 0) in found and acknowledged <= found,
        sorted(acknowledged - found)[:5],
    )
    report.figure("rows of which clients were told, and rows there", f"{len(acknowledged)}, {len(found) - 1}")
    log = read_log(machine)
    check("after a recovery", "automatic recovery in progress" in log, log[:600])
    check("with the configuration that the one before had", query(machine, "SHOW hot_standby") == "off")


def handed_over(check, machine, disk):
    query(machine, "INSERT INTO rows VALUES (0, 1)")
    released = machine.try_to("autoheal-agent", "release", limit=120)
    log = read_log(machine)
    check(
        "a hand-over stops it in order, and the volume is free",
        released.returncode == 0 and log.endswith("database system is shut down\n") and disk.has_filesystem(),
        released.stderr,
    )


def of_another_version(disk):
    """Makes it one, and says what is there."""
    with on_this_machine(disk) as home:
        (ours,) = (name for name in os.listdir(home) if name != "etc")
        os.rename(f"{home}/{ours}", f"{home}/14")
        with open(f"{home}/14/main/PG_VERSION", "w") as file:
            file.write("14\n")
        return listing(home)


@contextlib.contextmanager
def on_this_machine(disk):
    with tempfile.TemporaryDirectory() as point:
        subprocess.run(["mount", disk.node, point], check=True)
        try:
            yield f"{point}/postgresql"
        finally:
            subprocess.run(["umount", point], check=True)


def refused(check, machine, before, seconds):
    ours, unit = version(machine), service(machine)
    machine.wait_until("active", TARGET)
    boot = machine.journal()
    check("the units wait for each other in no circle", "ordering cycle" not in boot, boot)
    machine.wait_until("failed", ON_DATA)
    said = machine.journal("--unit", ON_DATA)
    check(
        "a cluster of another version is refused in words",
        f"has no cluster {ours}/main" in said and "it has: 14/main. Nothing was touched" in said,
        said,
    )
    state = machine.state(unit)
    after = listing(f"/proc/{machine.leader}/root{HOME}")
    check("and nothing is touched", after == before and state["ActiveState"] == "inactive", state)
    machine.wait("the volume to be healthy", lambda: '"status":"starting"' in ask(machine, "/health"))
    pages = watch(machine, seconds + 4)
    check("nor is the instance replaced for it", pages == {"200"}, pages)
    # With the rows, and without the configuration.
    machine.run("sh", "-ec", f"cd {HOME} && echo {ours} >14/main/PG_VERSION && mv 14 {ours} && rm -r etc/{ours}")
    machine.run("systemctl", "start", unit)
    check("one of this version is found, with its last row", query(machine, LAST_ROW) == "1")
    state = machine.state("postgresql.service")
    check("and with it what an update of the packages looks at", state["ActiveState"] == "active", state)
    check("and gets Debian's configuration where it has none", query(machine, "SHOW hot_standby") == "on")


def listing(home):
    command = ["find", home, "-printf", "%P %s %T@ %U %m\n"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def read_log(machine):
    return machine.run("cat", f"/var/log/postgresql/postgresql-{version(machine)}-main.log")


def version(machine):
    return machine.run("dpkg-query", "--show", "--showformat=${Version}", "postgresql").partition("+")[0]


def service(machine):
    return f"postgresql@{version(machine)}-main.service"


def query(machine, text):
    return machine.run("runuser", "-u", "postgres", "--", "psql", "-XAtqc", text).strip()
