"""Install, upgrade, remove, purge, reinstall where no systemd runs, as in an image that is being built."""

import os

import contents

WANTED = "/etc/systemd/system/multi-user.target.wants/autoheal-agent.service"
CONFIG = "/etc/autoheal-agent/config.toml"
# Left by user data whose volume has not been mounted yet: the next boot would install the package again.
USER_DATA = [
    "/usr/local/sbin/autoheal-install",
    "/etc/systemd/system/autoheal-install.service",
    "/etc/systemd/system/multi-user.target.wants/autoheal-install.service",
    "/etc/systemd/system/autoheal-installed.service",
    "/etc/systemd/system/autoheal-data.target.wants/autoheal-installed.service",
    "/etc/systemd/system/autoheal-agent.service.d/10-power-off-on-failure.conf",
]


def prove(report, tree, deb, newer, root):
    check = report.check
    deb, newer = tree.copy(deb), tree.copy(newer)
    enabled = lambda: os.path.islink(tree.file(WANTED))
    before = tree.names()

    tree.run("dpkg", "--install", deb)
    check("installed, with nothing but what it depends on", "install ok installed" in status(tree))
    check("enabled", enabled())
    check(
        "no conffiles: what is in /etc is the user's",
        tree.run("dpkg-query", "-W", "-f", "${Conffiles}", "autoheal-agent") == "",
    )
    check("a place for the configuration, and none in it", os.listdir(tree.file("/etc/autoheal-agent")) == [])
    version = tree.run("dpkg-query", "-W", "-f", "${Version}", "autoheal-agent").rpartition("-")[0]
    found = tree.run("autoheal-agent", "--version").strip()
    check("the binary starts", found == version, f"{found}, not {version}")
    check("every library is found", "not found" not in tree.run("ldd", "/usr/bin/autoheal-agent"))
    contents.prove_units(report, tree, root)

    tree.write(CONFIG, '[[volume]]\ndevice = "/dev/sdf"\n')
    tree.run("systemctl", "disable", "autoheal-agent.service")
    tree.run("dpkg", "--install", newer)
    check("upgraded; what was disabled stays disabled", not enabled() and os.path.exists(tree.file(CONFIG)))
    tree.run("systemctl", "enable", "autoheal-agent.service")

    tree.run("dpkg", "--remove", "autoheal-agent")
    check(
        "removed; the configuration stays",
        os.path.exists(tree.file(CONFIG)) and not os.path.exists(tree.file("/usr/bin/autoheal-agent")),
    )
    tree.run("dpkg", "--install", deb)
    check("installed again; enabled, the configuration is there", enabled() and os.path.exists(tree.file(CONFIG)))

    os.makedirs(tree.file("/var/cache/autoheal-agent"))
    os.makedirs(tree.file("/data"))
    tree.write("/data/file", "precious")
    for path in USER_DATA:
        tree.write(path, "")
    tree.run("dpkg", "--purge", "autoheal-agent")
    check("purged; what was downloaded is gone", not os.path.exists(tree.file("/var/cache/autoheal-agent")))
    check("purged; what is at the mount point stays", os.path.exists(tree.file("/data/file")))
    os.remove(tree.file("/data/file"))
    os.rmdir(tree.file("/data"))
    left = tree.names() ^ before
    check("purged; nothing else is left or missing", not left, sorted(left))
    tree.run("dpkg", "--install", deb)


def status(tree):
    return tree.run("dpkg-query", "-W", "-f", "${Status}", "autoheal-agent")
