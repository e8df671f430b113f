#!/bin/sh
# Written by autoheal-generate 0.1.0. Configures the autoheal-agent of the image and starts it.
#
# Runs on the first boot of an instance only.
# What must happen on every boot (wait for the volume, mount it) is done by autoheal-agent.service. Running this again by
# hand writes the configuration again as it was.
set -eu

say() { echo "autoheal-install: $*"; }

# To the console too: an operator of an instance that nobody can log in to reads it with
# "aws ec2 get-console-output". Not for long: a console that somebody has stopped takes nothing.
# shellcheck disable=SC2016
show() { timeout 2 sh -c 'printf "$@" >>/dev/console' sh "$@" 2>/dev/null || true; }
tell() {
    say "$*"
    show '%s\n' "autoheal-install: $*"
}
# The line that programs read there, as the agent writes it once it is installed (autoheal-agent(8)). Nobody waits for it.
announce() {
    case ${instance-} in i-*) ;; *) say "the instance is unknown: no outcome"; return ;; esac
    line="autoheal-outcome/1 version=0.1.0 instance=$instance boot=$(cat /proc/sys/kernel/random/boot_id) volumes=- outcome=not-installed exit=1 reason=$(printf %s "$*" | tr -cs a-z0-9 - | cut -c-40)"
    line="$line crc=$(printf %s "$line" | gzip -cn | tail -c 8 | od -An -N4 -tx4 | tr -d ' ')"
    for _ in 1 2 3 4 5 6 7 8 9 10; do show '\n%s\n' "$line"; sleep 30; done </dev/null >/dev/null 2>&1 9>&- &
}
die() { trap - EXIT; tell "FAILED: $*"; announce "$@"; exit 1; }
# A disk that is full, for example.
trap '[ $? -eq 0 ] || die "ended early; see /var/log/cloud-init-output.log"' EXIT

# One at a time.
exec 9>/run/autoheal-install.lock
flock 9

# As autoheal-agent finds it out.
instance=$(grep -Exs 'i-([0-9a-f]{8}|[0-9a-f]{17})' /sys/class/dmi/id/board_asset_tag ||
    grep -xsm1 '[[:alnum:]._-]*' /run/cloud-init/.instance-id | grep -vx iid-datasource-none || true)

# For good: another try would find the same. The boot goes on; cloud-init reports the error.
fail() { die "$@"; }

# What an image's former instance was told; before an arriving volume can start the unit with the file that comes now.
[ ! -e /etc/systemd/system/autoheal-agent.service.d/10-power-off-on-failure.conf ] || {
    rm /etc/systemd/system/autoheal-agent.service.d/10-power-off-on-failure.conf
    systemctl daemon-reload
}

mkdir -p /etc/autoheal-agent
# Before any agent can act on it: an image of this instance waits for user data of its own.
{ [ -z "$instance" ] || echo "instance-id = \"$instance\""; } > /etc/autoheal-agent/config.toml.new
cat >> /etc/autoheal-agent/config.toml.new <<'END_OF_FILE'
# Written by the user data of this instance. The keys are the flags of "autoheal-agent mount":
# see autoheal-agent(8), and check changes with "autoheal-agent config check".

[[volume]]
device = "/dev/sdf"
mount-point = "/data"
END_OF_FILE
chmod 0644 /etc/autoheal-agent/config.toml.new
sync /etc/autoheal-agent/config.toml.new
mv /etc/autoheal-agent/config.toml.new /etc/autoheal-agent/config.toml

command -v autoheal-agent >/dev/null || fail "this image has no autoheal-agent: install it there, or let user data do it"
problem=$(autoheal-agent config check 2>&1) || {
    # Older versions do not know the line.
    config=/etc/autoheal-agent/config.toml
    grep -v '^instance-id = ' $config >$config.new
    autoheal-agent config check $config.new >/dev/null 2>&1 || fail "the configuration is wrong: $problem"
    mv $config.new $config
    tell "this version of autoheal-agent uses a configuration on every instance that is made from an image of this one"
}
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
# Nothing goes on at the next boot.
sync
say "autoheal-agent is set up; see: journalctl -u autoheal-agent"
