"""What can be said of the package without installing it."""

import os
import re
import subprocess

from trees import output

UNITS = [
    "autoheal-agent.service",
    "autoheal-agent-arrival.service",
    "autoheal-agent-identity.service",
    "autoheal-data.target",
    "autoheal-mount-arrival.service",
    "autoheal-outcome.service",
    "autoheal-power-off.service",
    "autoheal-watch.service",
    "autoheal-grow.path",
    "autoheal-grow.service",
    "autoheal-release.path",
    "autoheal-release.service",
]
# systemd.exec(5): each of them gives the unit a mount namespace, in which nobody else would see the volume.
NAMESPACE_OPTIONS = """
    BindPaths BindReadOnlyPaths DynamicUser ExecPaths ExtensionDirectories ExtensionImages InaccessiblePaths
    LogNamespace MountAPIVFS MountFlags MountImages NoExecPaths PrivateDevices PrivateIPC PrivateMounts PrivateTmp
    ProcSubset ProtectControlGroups ProtectHome ProtectKernelLogs ProtectKernelModules ProtectKernelTunables
    ProtectProc ProtectSystem ReadOnlyPaths ReadWritePaths RootDirectory RootImage TemporaryFileSystem
""".split()
# systemd-analyze's figure of 2026-11; a lower one is better, a higher one needs a reason.
EXPOSURE = 3.9


def prove(report, deb, work, root):
    check = report.check
    tags = subprocess.run(
        ["lintian", "--pedantic", "--display-info", "--fail-on", "error,warning,info,pedantic", deb],
        capture_output=True,
        text=True,
    )
    check("lintian finds nothing, pedantic included", tags.returncode == 0, tags.stdout + tags.stderr)

    fields = dict(re.findall(r"^([A-Z][\w-]+): (.*)$", output("dpkg-deb", "--field", deb), re.M))
    depends = {item.split()[0]: item for item in fields["Depends"].split(", ")}
    # systemd is for the user of the watcher (sysusers.d(5)).
    expected = {"e2fsprogs", "libblkid1", "libc6", "libgcc-s1", "libmount1", "libstdc++6", "systemd"}
    check("it depends on the C libraries, e2fsprogs and systemd", set(depends) == expected, sorted(depends))
    check("glibc 2.34 is enough for apt", depends["libc6"] == "libc6 (>= 2.34)", depends["libc6"])
    check("it suggests xfsprogs", "xfsprogs" in fields["Suggests"], fields.get("Suggests"))
    report.figure(
        "size of the package",
        f"{os.path.getsize(deb) / 1e6:.1f} MB, installed {int(fields['Installed-Size']) / 1024:.1f} MiB",
    )

    tree = os.path.join(work, "contents")
    output("dpkg-deb", "--extract", deb, tree)

    def inside(path):
        """Debhelper puts what belongs below /usr/lib below /lib until Debian 13."""
        older = os.path.join(tree, path.removeprefix("usr/"))
        return older if path.startswith("usr/lib/") and os.path.exists(older) else os.path.join(tree, path)

    agent = inside("usr/bin/autoheal-agent")
    versions = set(re.findall(r"GLIBC_([0-9.]+)", output("objdump", "-T", agent)))
    newest = max(versions, key=lambda version: [int(part) for part in version.split(".")])
    check("no symbol of a newer glibc than 2.34", [int(part) for part in newest.split(".")] <= [2, 34], newest)
    libraries = set(re.findall(r"NEEDED +(\S+)", output("objdump", "-p", agent)))
    allowed = {"libblkid.so.1", "libmount.so.1", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1", "libc.so.6"}
    check(
        "only C libraries are needed",
        {name for name in libraries if not name.startswith("ld-linux")} <= allowed,
        libraries,
    )

    for folder, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(folder, name)
            status = os.stat(path)
            scripts = [
                inside("usr/lib/autoheal-agent/" + each) for each in ("mount-again", "mount-begins", "power-off")
            ]
            wanted = 0o755 if os.path.realpath(path) in (agent, *scripts) else 0o644
            if (status.st_mode & 0o7777, status.st_uid, status.st_gid) != (wanted, 0, 0):
                check(f"mode and owner of {path[len(tree) :]}", False, oct(status.st_mode))

    for page in ("man8/autoheal-agent.8", "man8/mount.autoheal.8", "man5/autoheal-agent.toml.5"):
        lint = subprocess.run(
            ["mandoc", "-Tlint", "-Wwarning", os.path.join(root, "packaging", "man", os.path.basename(page))],
            capture_output=True,
            text=True,
        )
        packed = os.path.exists(inside(f"usr/share/man/{page}.gz"))
        check(
            f"{os.path.basename(page)} is there and mandoc finds nothing", packed and lint.returncode == 0, lint.stdout
        )

    prove_example(check, agent, inside("usr/share/doc/autoheal-agent/examples/config.toml"), work)
    for shell, path in (
        ("bash", "bash-completion/completions/autoheal-agent"),
        ("zsh", "zsh/vendor-completions/_autoheal-agent"),
        ("fish", "fish/vendor_completions.d/autoheal-agent.fish"),
    ):
        file = inside("usr/share/" + path)
        syntax = subprocess.run([shell, "-n", file], capture_output=True, text=True)
        with open(file) as opened:
            text = opened.read()
        complete = all(word in text for word in ("mount", "status", "volume-id"))
        check(f"{shell} takes its completions", syntax.returncode == 0 and complete, syntax.stderr)

    prove_rule(check, inside("usr/lib/udev/rules.d/80-autoheal-agent.rules"))
    for name in ("preinst", "postinst", "prerm", "postrm"):
        script = subprocess.run(["dpkg-deb", "--info", deb, name], capture_output=True, text=True).stdout
        verbs = "start|restart|try-restart|reload" + ("" if name == "prerm" else "|stop")
        actions = re.findall(rf"(?:systemctl|deb-systemd-invoke)\b.* (?:{verbs})\b.*", script)
        check(f"{name} starts nothing" + ("" if name == "prerm" else " and stops nothing"), not actions, actions)

    for unit in (
        "autoheal-agent.service",
        "autoheal-watch.service",
        "autoheal-grow.service",
        "autoheal-release.service",
        "autoheal-outcome.service",
    ):
        with open(inside(f"usr/lib/systemd/system/{unit}")) as file:
            settings = set(re.findall(r"^(\w+)=", file.read(), re.M))
        check(
            f"{unit} has no mount namespace", not settings & set(NAMESPACE_OPTIONS), settings & set(NAMESPACE_OPTIONS)
        )


def prove_example(check, agent, example, work):
    """As it is, and with everything that is commented out."""
    with open(example) as file:
        text = file.read()
    everything = os.path.join(work, "everything.toml")
    with open(everything, "w") as written:
        written.write(re.sub(r"^#(?=[a-z\[])", "", text, flags=re.M))
    for name, path in (("as it is", example), ("with every key", everything)):
        result = subprocess.run([agent, "config", "check", path], capture_output=True, text=True)
        check(f"the example is right {name}", result.returncode == 0, result.stderr)
    # A key that the example does not know would be missing from this message too.
    wrong = os.path.join(work, "wrong.toml")
    for table in ("[agent]", "[health]", "[hand-over]", "[[volume]]"):
        with open(wrong, "w") as file:
            file.write(f"{table}\nno-such-key = 1\n")
        result = subprocess.run([agent, "config", "check", wrong], capture_output=True, text=True)
        keys = re.search(r"Allowed: ([a-z, -]+)\.", result.stderr)
        missing = [key for key in keys.group(1).split(", ") if f"{key} = " not in text] if keys else [result.stderr]
        check(f"the example has every key of {table}", not missing, missing)


def prove_rule(check, file):
    """Each line by itself, since udevadm verify is not in systemd 252."""
    with open(file) as rule:
        lines = [line for line in rule.read().splitlines() if line and not line.startswith("#")]
    item = r'(?:ACTION|SUBSYSTEM|KERNEL|TEST|TAG|GOTO|LABEL|(?:ENV|ATTRS?)\{[^}]+\})(?:==|!=|\+=|=)"[^"]*"'
    wrong = [line for line in lines if not re.fullmatch(f"{item}(?:, {item})*", line)]
    check("the udev rule is well-formed", not wrong, wrong)
    labels = set(re.findall(r'LABEL="(\w+)"', "\n".join(lines)))
    targets = set(re.findall(r'GOTO="(\w+)"', "\n".join(lines)))
    check("it jumps to labels that are there", labels == targets, labels ^ targets)


def prove_units(report, tree, root):
    """With the systemd of a tree in which the package is installed."""
    result = tree.attempt("systemd-analyze", "--man=no", "verify", *UNITS)
    ours = [line for line in result.stderr.splitlines() if "autoheal" in line]
    report.check("systemd-analyze verify finds nothing in our units", not ours, ours)
    text = tree.run("systemd-analyze", "--offline=true", "--no-pager", "security", "autoheal-agent.service")
    figure = re.search(r"exposure level for autoheal-agent.service: ([0-9.]+)", text).group(1)
    report.figure("systemd-analyze security", figure)
    report.check(f"its exposure is {EXPOSURE} at most", float(figure) <= EXPOSURE, figure)
    with open(os.path.join(root, "docs", "package.md")) as page:
        said = re.search(
            rf"`systemd-analyze security autoheal-agent.service`:.* ([0-9.]+) with systemd {tree.systemd}\b",
            page.read(),
        )
    report.check("docs/package.md has that figure", said and said.group(1) == figure, said and said.group(1))
    with open(os.path.join(root, "README.md")) as page:
        said = re.search(rf"`systemd-analyze security`.* ([0-9.]+) with systemd {tree.systemd}\b", page.read())
    report.check("README.md has that figure", said and said.group(1) == figure, said and said.group(1))
