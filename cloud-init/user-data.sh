#!/bin/sh
# Written by autoheal-generate 0.1.0. Configures the autoheal-agent of the image and starts it.
#
# Runs on the first boot of an instance only. What must happen on every boot (wait for the volume, mount it) is done
# by autoheal-agent.service. Running this again changes nothing.
set -eu

say() { echo "autoheal-install: $*"; }

# To the console too: an operator of an instance that nobody can log in to reads it with
# "aws ec2 get-console-output". The boot goes on; cloud-init reports the error.
fail() {
    say "FAILED: $*"
    echo "autoheal-install: FAILED: $*" 2>/dev/null >/dev/console || true
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
mv /etc/autoheal-agent/config.toml.new /etc/autoheal-agent/config.toml

systemctl daemon-reload
systemctl enable --quiet autoheal-agent.service
# Not waited for: the unit waits for the volume, and the boot must not wait for the unit.
systemctl start --no-block autoheal-agent.service || fail "autoheal-agent.service cannot be started"
say "autoheal-agent is set up; see: journalctl -u autoheal-agent"
