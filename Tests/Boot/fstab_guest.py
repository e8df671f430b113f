"""What the scenario of /etc/fstab does in its guest, and asks it."""

import contextlib
import json
from collections.abc import Callable

import bound_services
import disks
from bound_services import TARGET, write
from guest import Guest, StagingError
from qmp import ProtocolError

USES = """\
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/touch {mount_point}/boot-test-used
"""
HEALTH = '[health]\nlisten = "127.0.0.1:9465"\n'
# Seconds, of a guest under TCG on a busy machine; a try of the agent's unit takes 65.
STATE_LIMIT = 180
PAGE = "http://127.0.0.1:9465/health"


class InGuest:
    guest: Guest
    check: Callable

    def add(self, name: str, mount_point: str, further: str = "", wanted: bool = True) -> None:
        """As documented: the drop-in, and wanted by the target."""
        drop_in = bound_services.drop_in(name, mount_point, "fstab-bound-service.conf")
        write(self.guest, f"/etc/systemd/system/{name}.d/autoheal.conf", drop_in)
        write(self.guest, f"/etc/systemd/system/{name}", (USES + further).format(mount_point=mount_point))
        if wanted:
            self.guest.output("systemctl", "add-wants", TARGET, name)

    def attach(self, volume: disks.Volume) -> None:
        self.guest.attach(volume)

    def wait_for(self, *units: str, state: str = "active") -> None:
        for unit in units:
            is_there = lambda unit=unit: self.guest.unit(unit)["ActiveState"] == state
            try:
                self.guest.wait_until(f"{unit} to be {state}", is_there, limit=STATE_LIMIT)
            except StagingError:
                self.check(f"{unit} is {state}", False, self.guest.unit(unit))
            else:
                self.check(f"{unit} is {state}", True)

    def began(self, service: str) -> int:
        return int(self.guest.unit(service)["ExecMainStartTimestampMonotonic"])

    def mounted(self, mount_point: str) -> int:
        return int(self.guest.unit(unit_of(mount_point))["ActiveEnterTimestampMonotonic"])

    def failed(self) -> list[str]:
        listed = self.guest.output("systemctl", "list-units", "--failed", "--plain", "--no-legend")
        return sorted(line.split()[0] for line in listed.splitlines())

    def nothing_failed(self) -> None:
        failed = self.failed()
        self.check("no unit has failed", not failed, failed)

    def health(self) -> tuple:
        """What the watcher answers: the state of all, and of each."""
        page = json.loads(self.guest.output("curl", "--silent", "--max-time", "20", PAGE))
        return page["status"], {volume["mount_point"]: volume["status"] for volume in page["volumes"]}

    def said_of(self, mount_point: str) -> list[str]:
        """The states that the watcher has logged in this boot."""
        self.guest.output("journalctl", "--sync")
        words = (
            "--boot",
            "--output=json",
            "--unit=autoheal-watch.service",
            f"AUTOHEAL_VOLUME_MOUNT_POINT={mount_point}",
        )
        entries = [json.loads(line) for line in self.guest.output("journalctl", *words).splitlines()]
        return [entry["AUTOHEAL_HEALTH_STATE"] for entry in entries if "AUTOHEAL_HEALTH_STATE" in entry]


def unit_of(mount_point: str) -> str:
    return mount_point.strip("/").replace("/", "-") + ".mount"


def reboot(guest: Guest) -> None:
    """Ends QEMU in the place of the reset, so that the next boot may find other disks."""
    guest.monitor.request("set-action", {"reboot": "shutdown"})
    # The answer may be lost with the guest.
    with contextlib.suppress(ProtocolError):
        guest.agent.request("guest-exec", {"path": "systemctl", "arg": ["--no-block", "reboot"]})
    guest.wait_for_power_off()
