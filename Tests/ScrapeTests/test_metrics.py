"""Scrapes a watcher on a real volume, and reads the answer with the client library of Prometheus. Needs root.

python3 -m pip install -r Tests/ScrapeTests/requirements.txt
python3 -m pytest Tests/ScrapeTests
"""

import os
import re
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

# A day of looks is 8640; LOOKS=100000 takes some minutes.
LOOKS = int(os.environ.get("LOOKS", "4000"))
AGENT = Path(__file__).parents[2] / ".build" / "debug" / "autoheal-agent"


@pytest.fixture
def watch(tmp_path):
    """Begins a watcher on a mounted volume; gives its process and the address of its pages."""
    environment = os.environ | {"AWS_EC2_METADATA_DISABLED": "true", "RUNTIME_DIRECTORY": str(tmp_path / "run")}
    image, data = tmp_path / "image", tmp_path / 'da"ta'
    with open(image, "wb") as file:
        file.truncate(64 << 20)
    node = subprocess.check_output(["losetup", "--find", "--show", image], text=True).strip()
    watchers = []

    def begin(*flags):
        command = [AGENT, "watch", "--listen", "127.0.0.1:0", "--log-format", "text", *flags]
        watcher = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        watchers.append(watcher)
        log = iter(watcher.stderr)
        port = next(match.group(1) for match in (re.search(r"127\.0\.0\.1:(\d+)", line) for line in log) if match)
        next(line for line in log if "The volume is healthy" in line)
        return watcher, f"http://127.0.0.1:{port}"

    try:
        subprocess.run(
            [AGENT, "mount", "--device", node, "--mount-point", data], check=True, env=environment, capture_output=True
        )
        yield begin
    finally:
        for watcher in watchers:
            watcher.terminate()
            watcher.communicate(timeout=20)
        subprocess.run(["umount", data])
        subprocess.run(["losetup", "--detach", node])
        subprocess.run(["chattr", "-i", data])
    assert [watcher.returncode for watcher in watchers] == [0] * len(watchers)


def scrape(address):
    return urllib.request.urlopen(f"{address}/metrics", timeout=10)


def test_prometheus_takes_the_answer(watch):
    scraped = scrape(watch("--require-services", "no-such.service")[1])
    assert scraped.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in text_string_to_metric_families(scraped.read().decode())}
    assert all(name.startswith("autoheal_") and family.documentation for name, family in families.items())

    def value(name, **labels):
        found = [sample.value for sample in families[name].samples if labels.items() <= sample.labels.items()]
        assert len(found) == 1, (name, labels, families[name].samples)
        return found[0]

    mount_point = families["autoheal_volume_ready"].samples[0].labels["mount_point"]
    assert mount_point.endswith('/da"ta')
    assert value("autoheal_volume_ready", volume="1") == 1
    assert value("autoheal_volume_state", state="healthy") == 1
    assert value("autoheal_volume_state", state="failed") == 0
    assert value("autoheal_volume_filesystem_errors") == 0
    assert 0 < value("autoheal_volume_read_seconds") < 5
    assert 0 < value("autoheal_volume_free_bytes") < value("autoheal_volume_size_bytes") < 64 << 20
    assert 0 < value("autoheal_volume_free_inodes") < value("autoheal_volume_inodes")
    heal = value("autoheal_volume_heal_seconds")
    parts = {sample.labels["part"]: sample.value for sample in families["autoheal_volume_heal_part_seconds"].samples}
    assert {"wait", "format", "mount"} <= parts.keys()
    assert 0 < sum(parts.values()) <= heal
    assert families["autoheal_looks"].type == "counter" and value("autoheal_looks") >= 1
    assert value("autoheal_requirement_met", kind="service") == 0


def test_looking_again_and_again_costs_nothing_that_stays(watch):
    watcher, address = watch("--interval", "0.001")

    def after(looks):
        """Resident kB and, between two looks, descriptors, once so many looks are done."""
        while True:
            text = scrape(address).read().decode()
            if int(re.search(r"^autoheal_looks_total (\d+)$", text, re.M).group(1)) >= looks:
                break
            time.sleep(0.05)
        status = Path(f"/proc/{watcher.pid}/status").read_text()
        descriptors = min(len(os.listdir(f"/proc/{watcher.pid}/fd")) for _ in range(1000))
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M).group(1)), descriptors

    before, now = after(LOOKS // 5), after(LOOKS)
    assert now[0] - before[0] < 1024, (before, now)
    assert now[1] <= before[1], (before, now)
