"""Writes the played part of docs/heal.md:

PYTHONPATH=Tests/PythonSupport .build/python/bin/python Tests/FunctionTests/played_page.py
"""

from typing import Any

import loopback  # noqa: F401  (before anything looks at the environment)
from played_heal import END, PAGE, Times, heal, replacement

BEGIN = "<!-- Written by Tests/FunctionTests/played_page.py. -->\n"

LAUNCH = {
    "launched": "the group launches the next one",
    "running": "it runs, and its kernel starts",
    "attached": "the volume is attached",
    "address": "the address is associated",
    "mounted": "**the volume is mounted**",
    "read": "the console is read",
    "completed": "the launch is completed",
    "in service": "**in service**",
}
HEAL = {"died": "the instance has died", "ended": "its group has noticed, and ends it", **LAUNCH}
REPLACEMENT = {
    "ended": "the group ends the instance",
    "unmounted": "its agent has unmounted the volume",
    "released": "it says `released`",
    "detached": "the volume is detached",
    "let go": "the function lets the instance go",
    **LAUNCH,
    "prepared": "**in service**, of a prepared image",
}
DEAD_OR_HUNG = {"ended": "the group ends the instance", "let go": "the function lets it go", **LAUNCH}


def heals() -> dict[str, Times]:
    return {
        "data, stock image": heal(),
        "data, prepared image": heal(image="prepared"),
        "attached, stock image": heal(until="attached"),
    }


def replacements() -> dict[str, Times]:
    cases: dict[str, dict[str, Any]] = {
        "hand-over": {"off": 600},
        "hand-over, launched at once": {"off": 600, "side_by_side": True},
        "without, off after 60 s": {"off": 60, "hand_over": 0},
        "without, off after 600 s": {"off": 600, "hand_over": 0},
    }
    return {
        name: replacement(**case) | {"prepared": replacement(**case, image="prepared")["in service"]}
        for name, case in cases.items()
    }


def dead_or_hung() -> dict[str, Times]:
    cases: dict[str, dict[str, Any]] = {
        "dead, without": {"hand_over": 0},
        "dead, with hand-over": {},
        "hung, without": {"hangs": 60, "hand_over": 0},
        "hung, with hand-over": {"hangs": 60},
    }
    plays = {name: heal(**case) for name, case in cases.items()}
    return {name: {part: at - times["ended"] for part, at in times.items()} for name, times in plays.items()}


def table(head: str, parts: dict[str, str], plays: dict[str, Times]) -> str:
    rows = [f"| {head} | {' | '.join(plays)} |", "|---" * (len(plays) + 1) + "|"]
    for part, words in parts.items():
        cells = (f"{times[part]:.0f}" if part in times else "" for times in plays.values())
        rows.append(f"| {words} | {' | '.join(cells)} |")
    return "\n" + "".join(f"{row}\n" for row in rows)


def written() -> str:
    tables = (
        table("seconds of a heal", HEAL, heals()),
        table("of a planned replacement", REPLACEMENT, replacements()),
        table("of a dead or hung instance", DEAD_OR_HUNG, dead_or_hung()),
    )
    return "".join(tables) + "\n"


def split(page: str) -> tuple[str, str, str]:
    before, _, rest = page.partition(BEGIN)
    part, _, after = rest.partition(END)
    return before, part, after


if __name__ == "__main__":
    before, part, after = split(PAGE.read_text())
    assert part, "the page has no place for it"
    PAGE.write_text(before + BEGIN + written() + END + after)
