#!/bin/sh
# PostgreSQL as Debian and Ubuntu have it, with its cluster on the volume at /data. User data runs this once per instance, after
# what installs autoheal-agent; the volume may come later, and is not waited for. Running it again changes nothing.
set -eu
export DEBIAN_FRONTEND=noninteractive

# Installing makes no cluster on the root volume, and every cluster that Debian's tools make later has its data on /data.
mkdir -p /etc/postgresql-common/createcluster.d
cat >/etc/postgresql-common/createcluster.d/data.conf <<'END_OF_FILE'
create_main_cluster = false
data_directory = '/data/postgresql/%v/%c'
END_OF_FILE

# There is no network before the instance has its address.
tries=360
until dpkg-query -W -f '${Status}' postgresql 2>/dev/null | grep -q 'ok installed'; do
    [ $((tries -= 1)) -gt 0 ] || { echo "postgresql cannot be installed, see above" >&2; exit 1; }
    { apt-get -q update && apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends postgresql; } || sleep 5
done
version=$(dpkg-query -W -f '${Version}' postgresql)
version=${version%%+*}
unit=postgresql@$version-main.service

cat >/usr/local/sbin/postgresql-on-data <<'END_OF_FILE'
#!/bin/sh
# Makes the cluster VERSION/main in /data/postgresql, or finds the one that an instance before this one has left there.
set -eu
cluster=$1/main home=/data/postgresql new=/data/postgresql.new
mountpoint -q /data
# The configuration is on the volume too, or the next instance would not have it. An update of the packages without the volume
# makes a directory of the link.
if [ ! -L /etc/postgresql ]; then
    rmdir /etc/postgresql
    ln -s $home/etc /etc/postgresql
fi
if [ -e $home ]; then
    [ -e "$home/$cluster/PG_VERSION" ] || {
        echo "$home has no cluster $cluster, and the packages are of version $1; it has: $(cd $home && ls -d -- */main)." \
            "Nothing was touched. Start an instance with the packages of that version: docs/postgresql.md" >&2
        exit 1
    }
    # Another image may have given the user another number. The directory itself comes last.
    [ "$(stat -c %U $home)" = postgres ] || chown -hR postgres:postgres $home
fi
if [ ! -e "$home/etc/$cluster/postgresql.conf" ]; then
    # It gets its name when it is complete. pg_createcluster is never let near data: when it fails, it drops the cluster.
    rm -rf $new
    install -d -o postgres -g postgres $new $new/etc "$new/$1"
    PG_CLUSTER_CONF_ROOT=$new/etc pg_createcluster --locale C.UTF-8 --datadir "$new/$cluster" "$1" main -- --data-checksums
    sed -i "s|$new/etc/|/etc/postgresql/|; s|$new/|$home/|" "$new/etc/$cluster/postgresql.conf"
    # A start takes as long as the recovery.
    echo "pg_ctl_options = '-t 86400'" >"$new/etc/$cluster/pg_ctl.conf"
    sync -f $new
    if [ -e $home ]; then
        install -d -o postgres -g postgres $home/etc "$home/etc/$1"
        mv -T "$new/etc/$cluster" "$home/etc/$cluster"
        rm -rf $new
    else
        mv -T $new $home
    fi
    sync -f $home
fi
END_OF_FILE

# Answers a request for a page, on standard input, with 200 as long as PostgreSQL is there.
cat >/usr/local/sbin/postgresql-answers <<'END_OF_FILE'
#!/bin/sh
end=$(printf '\r')
while read -r line && [ "$line" != "$end" ]; do :; done
# 1: it takes no clients at this moment, because it recovers from a crash, or stops.
pg_isready --cluster "$1/main" --quiet --timeout 3
[ $? -le 1 ] && status='200 OK' || status='503 Service Unavailable'
printf 'HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' "$status"
END_OF_FILE
chmod +x /usr/local/sbin/postgresql-on-data /usr/local/sbin/postgresql-answers

cd /etc/systemd/system
mkdir -p postgresql@.service.d
# As /usr/share/doc/autoheal-agent/examples/bound-service.conf says.
cat >postgresql-on-data.service <<END_OF_FILE
[Unit]
Description=PostgreSQL's cluster on /data
Requires=autoheal-data.target
After=autoheal-data.target data.mount
IgnoreOnIsolate=yes
AssertPathIsMountPoint=/data

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/postgresql-on-data $version
END_OF_FILE
cat >postgresql@.service.d/autoheal.conf <<'END_OF_FILE'
[Unit]
Requires=autoheal-data.target postgresql-on-data.service
Wants=postgresql.service
After=autoheal-data.target data.mount postgresql-on-data.service
IgnoreOnIsolate=yes
AssertPathIsMountPoint=/data
END_OF_FILE
cat >postgresql-answers.socket <<'END_OF_FILE'
[Unit]
Description=Whether PostgreSQL answers

[Socket]
ListenStream=127.0.0.1:9466
Accept=yes
TriggerLimitIntervalSec=0

[Install]
WantedBy=sockets.target
END_OF_FILE
cat >postgresql-answers@.service <<END_OF_FILE
[Unit]
Description=Whether PostgreSQL answers
CollectMode=inactive-or-failed

[Service]
ExecStart=/usr/local/sbin/postgresql-answers $version
StandardInput=socket
StandardError=journal
User=postgres
RuntimeMaxSec=10
LogLevelMax=notice
END_OF_FILE

# What the agent looks at is what is installed.
config=/etc/autoheal-agent/config.toml
[ ! -e $config ] || sed -i "s/postgresql@[0-9]*-main/postgresql@$version-main/" $config

systemctl daemon-reload
systemctl enable --now postgresql-answers.socket
# Started with the target. multi-user.target, which wants postgresql.service, would wait for the volume.
systemctl disable postgresql.service
systemctl add-wants postgresql.service "$unit"
systemctl add-wants autoheal-data.target "$unit"
# Which may have been reached already.
systemctl start --no-block "$unit"
