"""Writes what a thousand groups that heal at once need into docs/fleet.md:

PYTHONPATH=Tests/PythonSupport .build/python/bin/python Tests/FunctionTests/fleet_page.py
"""

from pathlib import Path
from typing import Any

from fleet import Fleet

SECOND_WAY = 300  # seconds: what the queue of the stack delays a launch by
GUEST = (60, 120)  # seconds

CASES: dict[str, dict[str, Any]] = {
    "attached": {},
    "attached, half the requests of Auto Scaling": {"buckets": {"Auto Scaling": (50, 10)}},
    "until the data is there": {"guest": GUEST},
    "volumes held for 600 s": {"held": 600},
    "attached, and the second way": {"second_way": SECOND_WAY},
    "until the data is there, and the second way": {"guest": GUEST, "second_way": SECOND_WAY},
    "volumes held for 600 s, and the second way": {"held": 600, "second_way": SECOND_WAY},
    "attached, by the second way alone": {"first_way": False, "second_way": SECOND_WAY},
}

PAGE = Path(__file__).parents[2] / "docs" / "fleet.md"
BEGIN = "<!-- Written by Tests/FunctionTests/fleet_page.py. -->\n"
END = "<!-- Until here. -->\n"


def table(fleets: dict[str, Fleet]) -> str:
    rows = [
        "| 1000 groups | abandoned | least s | s | ratio | requests a group | of them refused | function s a group |",
        "|---|---|---|---|---|---|---|---|",
        *(row(name, fleet) for name, fleet in fleets.items()),
    ]
    return "\n" + "".join(f"{row}\n" for row in rows) + "\n"


def row(name: str, fleet: Fleet) -> str:
    seconds = sum(group.lambda_seconds for group in fleet.groups) / len(fleet.groups)
    return (
        f"| {name} | {fleet.abandoned} | {fleet.least():.0f} | {fleet.p99():.0f} | {fleet.p99() / fleet.least():.2f} "
        f"| {fleet.requests():.1f} | {fleet.refused():.1f} | {seconds:.0f} |"
    )


def split(page: str) -> tuple[str, str, str]:
    before, _, rest = page.partition(BEGIN)
    written, _, after = rest.partition(END)
    return before, written, after


if __name__ == "__main__":
    before, _, after = split(PAGE.read_text())
    PAGE.write_text(before + BEGIN + table({name: Fleet(**case) for name, case in CASES.items()}) + END + after)
