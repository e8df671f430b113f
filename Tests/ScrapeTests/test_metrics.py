"""Scrapes a watcher on a real volume, and reads the answer with the client library of Prometheus. Needs root.

    python3 -m pip install -r Tests/ScrapeTests/requirements.txt
    python3 -m pytest Tests/ScrapeTests
"""

import os
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

AGENT = Path(__file__).parents[2] / ".build" / "debug" / "autoheal-agent"


@pytest.fixture
def scraped(tmp_path):
    environment = os.environ | {"AWS_EC2_METADATA_DISABLED": "true", "RUNTIME_DIRECTORY": str(tmp_path / "run")}
    image, data = tmp_path / "image", tmp_path / 'da"ta'
    with open(image, "wb") as file:
        file.truncate(64 << 20)
    node = subprocess.check_output(["losetup", "--find", "--show", image], text=True).strip()
    try:
        subprocess.run(
            [AGENT, "mount", "--device", node, "--mount-point", data], check=True, env=environment, capture_output=True
        )
        command = [AGENT, "watch", "--listen", "127.0.0.1:0", "--log-format", "text", "--require-services", "no-such.service"]
        watcher = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        try:
            log = iter(watcher.stderr)
            port = next(match.group(1) for match in (re.search(r"127\.0\.0\.1:(\d+)", line) for line in log) if match)
            next(line for line in log if "The volume is healthy" in line)
            yield urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10)
        finally:
            watcher.terminate()
            watcher.communicate(timeout=20)
        assert watcher.returncode == 0
    finally:
        subprocess.run(["umount", data])
        subprocess.run(["losetup", "--detach", node])
        subprocess.run(["chattr", "-i", data])


def test_prometheus_takes_the_answer(scraped):
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
    assert value("autoheal_volume_heal_seconds") > 0
    assert value("autoheal_requirement_met", kind="service") == 0
