"""Which scenarios there are, in the order in which they are told, and which of them a short run tells."""

import by_fstab
import database
import handed_over
import interrupted
import never_there
import orderly_end
import pulled
import rebaked
import refused
import volume_life
import watched
from scenarios import Stories

# 10, 14, 15, 11 and 12 go on in the guest of the one before.
ALL = {
    1: Stories.first_instance,
    2: volume_life.next_instance,
    3: volume_life.reboot,
    10: pulled.story,
    14: watched.story,
    15: handed_over.story,
    11: orderly_end.story,
    12: rebaked.story,
    4: volume_life.killed_in_mkfs,
    5: volume_life.enlarged,
    6: refused.foreign,
    7: never_there.never,
    8: volume_life.without_rule,
    9: never_there.powers_off,
    13: interrupted.story,
    16: by_fstab.story,
    17: database.story,
}
# What .ci/run can afford: the life of a volume, what goes wrong with it, and what must never be formatted; with the
# newer systemd, what it does differently: a first boot, a shutdown, an image of a configured instance; and a database,
# with the Debian that stacks have by default. The ends that containers can show are theirs.
SHORT = {"bookworm": {1, 2, 10, 14, 6, 16}, "trixie": {1, 10, 15, 11, 12, 17}}


def chosen(options):
    if options.self_check:
        return [1, 2, 6]
    numbers = options.scenario or (ALL if options.all else SHORT[options.release])
    return [number for number in ALL if number in numbers]
