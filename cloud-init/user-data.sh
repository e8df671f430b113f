#!/bin/sh
# Written by autoheal-generate 0.1.0. Configures the autoheal-agent of the image and starts it.
#
# Runs on the first boot of an instance only.
# What must happen on every boot (wait for the volume, mount it) is done by autoheal-agent.service. Running this again
# changes nothing.
set -eu

say() { echo "autoheal-install: $*"; }

# To the console too: an operator of an instance that nobody can log in to reads it with
# "aws ec2 get-console-output". Not for long: a console that somebody has stopped takes nothing.
tell() {
    say "$*"
    # shellcheck disable=SC2016
    timeout 2 sh -c 'echo "$1" >/dev/console' sh "autoheal-install: $*" 2>/dev/null || true
}
# A disk that is full, for example.
trap '[ $? -eq 0 ] || tell "FAILED: ended early; see /var/log/cloud-init-output.log"' EXIT
die() { trap - EXIT; tell "FAILED: $*"; exit 1; }

# For good: another try would find the same. The boot goes on; cloud-init reports the error.
fail() { die "$@"; }

# An image of this instance waits for user data of its own then. A file that names another instance is of an image, and this
# instance's user data has not replaced it.
adopt() {
    autoheal-agent config applies >/dev/null 2>&1 || [ $? -ne 1 ] || fail "the configuration is another instance's: user data wrote none"
    problem=$(autoheal-agent config adopt 2>&1) || say "the configuration does not name this instance: $problem"
}

mkdir -p /etc/autoheal-agent
cat > /etc/autoheal-agent/config.toml.new <<'END_OF_FILE'
# Written by the user data of this instance. The keys are the flags of "autoheal-agent mount":
# see autoheal-agent(8), and check changes with "autoheal-agent config check".

[[volume]]
device = "/dev/sdf"
mount-point = "/data"
END_OF_FILE
chmod 0644 /etc/autoheal-agent/config.toml.new
sync /etc/autoheal-agent/config.toml.new
mv /etc/autoheal-agent/config.toml.new /etc/autoheal-agent/config.toml

# What an image's former instance may have been told.
rm -f /etc/systemd/system/autoheal-agent.service.d/10-power-off-on-failure.conf

adopt
systemctl daemon-reload
if ! systemctl is-enabled --quiet autoheal-agent.service; then
    problem=$(systemctl enable --quiet autoheal-agent.service 2>&1) || fail "autoheal-agent.service cannot be enabled: $problem"
fi
# Not waited for: the unit waits for the volume, and the boot must not wait for the unit.
if ! autoheal-agent config changed; then
    systemctl start --no-block autoheal-agent.service || fail "autoheal-agent.service cannot be started"
else
    # It has begun with what the image had, and shall have all of its tries with the new file.
    systemctl reset-failed autoheal-agent.service || true
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ "$(systemctl show --property=ActiveState --value autoheal-agent.service)" = activating ] || {
            systemctl restart --no-block autoheal-agent.service || fail "autoheal-agent.service cannot be restarted"
            break
        }
        # Its next try, in 5 seconds, takes the new file; a restart would stop all that waits for it. Or it is just about to
        # be done with the old one.
        systemctl kill --kill-who=main autoheal-agent.service || true
        sleep 1
        autoheal-agent config changed || break
    done
fi
say "autoheal-agent is set up; see: journalctl -u autoheal-agent"
