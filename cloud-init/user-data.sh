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

# For good: another try would find the same. The boot goes on; cloud-init reports the error.
fail() {
    tell "FAILED: $*"
    exit 1
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

# A file that names another instance is of an image, and this instance's user data has not replaced it.
autoheal-agent config applies >/dev/null 2>&1 || [ $? -ne 1 ] || fail "the configuration is another instance's: user data wrote none"
# From here on an image of this instance waits for user data of its own. Older versions cannot say so.
autoheal-agent config adopt || say "the configuration names no instance, so an image of this one will act on it"
systemctl daemon-reload
if ! systemctl is-enabled --quiet autoheal-agent.service; then
    systemctl enable --quiet autoheal-agent.service
fi
# Not waited for: the unit waits for the volume, and the boot must not wait for the unit.
if ! autoheal-agent config changed; then
    systemctl start --no-block autoheal-agent.service || fail "autoheal-agent.service cannot be started"
elif [ "$(systemctl show --property=ActiveState --value autoheal-agent.service)" = activating ]; then
    # It waits for what the image had. To stop it would be a failure, for which OnFailure= might power the machine off;
    # its next try, in 5 seconds, takes the new file.
    systemctl kill --kill-who=main --signal=TERM autoheal-agent.service || true
else
    systemctl reset-failed autoheal-agent.service || true
    systemctl restart --no-block autoheal-agent.service || fail "autoheal-agent.service cannot be restarted"
fi
say "autoheal-agent is set up; see: journalctl -u autoheal-agent"
