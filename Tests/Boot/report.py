"""What was checked and how it came out."""

import sys
import time


class Report:
    def __init__(self):
        self.start = time.monotonic()
        self.results = []
        self.figures = []
        self.scenario = None

    def say(self, text):
        elapsed = int(time.monotonic() - self.start)
        print(f"[{elapsed // 60:3}:{elapsed % 60:02}] {text}", flush=True)

    def begin(self, number, title):
        self.scenario = number
        self.say(f"Scenario {number}: {title}")

    def check(self, name, holds, detail=""):
        """Notes a fact; a failed check never stops a scenario, so that one run shows everything."""
        holds = bool(holds)
        self.results.append((self.scenario, name, holds))
        reason = f": {str(detail)[:400]}" if detail and not holds else ""
        self.say(f"  {'ok  ' if holds else 'FAIL'}  {name}{reason}")
        return holds

    def figure(self, name, value):
        self.figures.append((self.scenario, name, value))
        self.say(f"  {name}: {value}")

    def failed(self, scenario=None):
        return [(number, name) for number, name, holds in self.results if not holds and scenario in (None, number)]

    def summarise(self):
        print(file=sys.stdout)
        for number in sorted({number for number, _, _ in self.results}):
            checks = [holds for scenario, _, holds in self.results if scenario == number]
            verdict = "" if all(checks) else "  <-- FAILED"
            print(f"Scenario {number}: {sum(checks)} of {len(checks)} checks hold{verdict}")
        for number, name, value in self.figures:
            if name.startswith("seconds"):
                print(f"  scenario {number}, {name}: {value}")
        print(f"{(time.monotonic() - self.start) / 60:.1f} minutes", flush=True)
