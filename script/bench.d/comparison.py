"""Runs commands side by side and collects their figures."""

import contextlib
import sys

from errors import BenchError
from figures import Results, Row, Sample, Settled, Table, interleaved
from first_hour import until_still
from run import run_present
from volume import Image, Volume


class Bench:
    def __init__(self, workspace, contestants, effort):
        self.workspace, self.contestants, self.effort = workspace, contestants, effort
        self.results = Results()

    def compare(self, table, contestants, run):
        """Adds a row for each contestant; `run` takes one, its row, the number of volumes and whether to profile."""
        self.results.tables.append(table)
        rows = {contestant: Row(contestant.name) for contestant in contestants}
        table.rows += rows.values()
        for contestant in contestants:
            if contestant.sleeps:
                progress(table, f"the {contestant.name}s")
                with self.recorded_failure(rows[contestant]) as row:
                    self.add_all_at_once(contestant, row, run)
        in_turns = [contestant for contestant in contestants if not contestant.sleeps]
        repetitions = self.effort.repetitions_on(table.disk, table.volumes)
        warms_up = table.disk.most_repetitions > 1  # what takes a minute needs it not
        turns = repetitions + warms_up
        for number, (contestant, first) in enumerate(interleaved(in_turns, turns), start=1):
            warm_up = first and warms_up
            if rows[contestant].failure:
                continue
            progress(table, f"run {number} of {len(in_turns) * turns}")
            with self.recorded_failure(rows[contestant]) as row:
                result = run(contestant, row, table.volumes, warm_up)
                if warm_up:
                    row.own_peak_kib = max(timing.own_peak for timing in result.timings)
                else:
                    row.samples.append(Sample.of(result.timings, result.ms, result.io))
        progress()

    def add_all_at_once(self, contestant, row, run):
        """The repetitions of a command that mostly sleeps, each on a volume of its own."""
        count = self.effort.loop_repetitions
        result = run(contestant, row, count, False)
        io = result.io and [figure / count for figure in result.io]
        row.samples += [Sample.of([timing], (timing.end - timing.start) / 1e6, io) for timing in result.timings]

    def on_new_volumes(self, situation, contestants, disk, reference, images=None, volumes=1, run=run_present):
        """Compares on new devices for each run: with new blank images, or with the given ones that hold a file."""

        def once(contestant, row, count, profile):
            with contextlib.ExitStack() as stack:
                chosen = images or [stack.enter_context(Image(self.workspace, disk)) for _ in range(count)]
                fresh = [stack.enter_context(Volume(self.workspace, image)) for image in chosen[:count]]
                for volume in fresh if run is run_present else []:
                    volume.attach()
                result = run(self.workspace, contestant, fresh, profile)
                for volume in fresh if images else []:
                    row.lost_data |= not volume.has_kept()
                    volume.keep()
                return result

        self.compare(Table(situation, disk, reference.name, volumes), contestants, once)

    @contextlib.contextmanager
    def formatted(self, disk, count):
        """Images with an ext4 made with the agent's options, which holds a file."""
        with contextlib.ExitStack() as stack:
            images = [stack.enter_context(Image(self.workspace, disk)) for _ in range(count)]
            for image in images:
                with Volume(self.workspace, image) as volume:
                    volume.attach()
                    run_present(self.workspace, self.contestants.bare, [volume])
                    volume.keep()
            yield images

    def settle(self, hour, contestant):
        """Adds to the first hour of a volume what was written to it until no more was written."""
        row = Settled(contestant.name)
        hour.rows.append(row)
        with (
            self.recorded_failure(row),
            Image(self.workspace, hour.disk) as image,
            Volume(self.workspace, image) as volume,
        ):
            volume.attach()
            run_present(self.workspace, contestant, [volume])
            until_still(volume, row, contestant.mounts)

    @contextlib.contextmanager
    def recorded_failure(self, row):
        """A command that fails is shown and not run again; the others go on."""
        try:
            yield row
        except BenchError as error:
            row.failure = str(error)
            progress()
            log = self.workspace.log.read_text(errors="replace").strip().splitlines()
            print(f"{row.contestant} failed: {error}", *log[-5:], sep="\n  ", file=sys.stderr)


def progress(table=None, text=""):
    """One line on a terminal that overwrites itself."""
    if sys.stderr.isatty():
        title = f"{table.situation}, {table.disk.title}, volumes: {table.volumes}; {text}" if table else ""
        print(f"\r\033[K{title}", end="", file=sys.stderr, flush=True)
