"""The situations in which the commands are compared; each adds its tables to the results."""

from effort import MEDIUM, SLOW
from figures import FirstHour, Table
from run import run_arriving, run_present
from volume import Image, Volume


def attach(bench):
    chosen = bench.contestants
    rest = [*chosen.agents, chosen.userdata_loop]
    bench.on_new_volumes("attach blank", [chosen.floor, *rest], MEDIUM, chosen.floor, run=run_arriving)
    with bench.formatted(MEDIUM, bench.effort.loop_repetitions) as images:
        bench.on_new_volumes(
            "attach existing", [chosen.mount_call, *rest], MEDIUM, chosen.mount_call, images, run=run_arriving
        )


def blank(bench):
    chosen = bench.contestants
    for disk in bench.effort.disks:
        loops = [chosen.userdata_loop] if disk == MEDIUM else []
        bench.on_new_volumes(
            "blank",
            [
                chosen.floor,
                *chosen.agents,
                chosen.bare,
                chosen.shell_line,
                chosen.shell_line_lazy,
                chosen.makefs,
                *loops,
            ],
            disk,
            chosen.floor,
        )


def survey(bench):
    chosen = bench.contestants
    for disk in bench.effort.slow_disks:
        bench.on_new_volumes("survey", [chosen.floor, *chosen.agents, chosen.bare], disk, chosen.floor)


def existing(bench):
    chosen = bench.contestants
    of_agent = [chosen.check_floor, chosen.agent, chosen.agent_unchecked] if chosen.has_agent else []
    for disk in bench.effort.disks:
        loops = [chosen.userdata_loop] if disk == MEDIUM else []
        with bench.formatted(disk, bench.effort.loop_repetitions if loops else 1) as images:
            compared = [
                chosen.mount_call,
                chosen.mount,
                *of_agent,
                chosen.shell_line,
                chosen.shell_line_check,
                chosen.makefs,
                *loops,
            ]
            bench.on_new_volumes("existing", compared, disk, chosen.mount, images)


def nothing(bench):
    chosen = bench.contestants
    compared = [chosen.version, chosen.agent] if chosen.has_agent else []
    reference = chosen.version if chosen.has_agent else chosen.mountpoint
    for disk in (MEDIUM, SLOW):
        with Image(bench.workspace, disk) as image, Volume(bench.workspace, image) as volume:
            volume.attach()
            run_present(bench.workspace, chosen.bare, [volume])
            volume.stop_lazy_initialization()

            def once(contestant, _row, _count, profile, mounted=volume):
                return run_present(bench.workspace, contestant, [mounted], profile)

            bench.compare(Table("nothing", disk, reference.name), [*compared, chosen.mountpoint], once)


def volumes(bench):
    chosen = bench.contestants
    together = [chosen.agent_together] if chosen.has_agent else []
    for disk in (MEDIUM, SLOW):
        for count in bench.effort.volumes:
            bench.on_new_volumes(
                "volumes blank",
                [chosen.floor, *together, *chosen.agents, chosen.shell_line_lazy],
                disk,
                chosen.floor,
                volumes=count,
            )
        with bench.formatted(disk, max(bench.effort.volumes)) as images:
            for count in bench.effort.volumes:
                bench.on_new_volumes(
                    "volumes existing",
                    [chosen.mount_call, *chosen.agents, chosen.shell_line],
                    disk,
                    chosen.mount_call,
                    images,
                    count,
                )


def first_hour(bench):
    chosen = bench.contestants
    bench.results.first_hour = FirstHour(bench.effort.first_hour)
    for contestant in [chosen.mkfs, *chosen.agents, chosen.shell_line]:
        bench.settle(bench.results.first_hour, contestant)


SITUATIONS = {
    "attach": attach,
    "blank": blank,
    "survey": survey,
    "existing": existing,
    "nothing": nothing,
    "volumes": volumes,
    "first-hour": first_hour,
}
