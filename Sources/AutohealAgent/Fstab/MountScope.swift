import CLinux
import Glibc
import SystemPackage

/// Where the helper runs, so that a stop of the mount unit does not strike e2fsck and mkfs.
///
/// systemd ends a mount unit that is stopped, or takes too long, by a signal to every process of its control group. In a
/// scope of its own (systemd.scope(5)) the helper is not among them: it is told by the end of mount(8), its parent, and lets
/// its child finish. The scope itself is stopped at shutdown alone, with a signal that harms nobody, and for as long as the
/// child takes.
enum MountScope {
    /// Says that this is the process in the scope, and which one was its parent.
    private static let variable = "AUTOHEAL_MOUNT_PARENT"
    private static let systemdRun = "/usr/bin/systemd-run"

    /// Begins the program anew in a scope. Returns in it, or where there is none to be had: without systemd, in a chroot.
    static func enter(for mountPoint: String) {
        endWithMount()
        guard getenv(variable) == nil, isUnderSystemd, let name = CommandLine.arguments.first else { return }
        setenv(variable, "\(getppid())", 1)
        let command =
            [
                systemdRun, "--scope", "--quiet", "--collect", "--slice=system.slice",
                "--unit=autoheal-mount-\(getpid())", "--description=Mount \(mountPoint) (mount.autoheal)",
                "--property=KillSignal=SIGCONT", "--property=SendSIGKILL=no", "--property=TimeoutStopSec=infinity",
                "--", name,
            ] + CommandLine.arguments.dropFirst()
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        // systemd-run becomes the program again, as the same process; without it, this one goes on.
        execv(systemdRun, arguments)
        for argument in arguments { free(argument) }
        unsetenv(variable)
    }

    static var isEntered: Bool { getenv(variable) != nil }

    /// Whether mount(8) has ended before this process could hear of it.
    static var isAbandoned: Bool {
        guard let value = getenv(variable), let parent = Int32(String(cString: value)) else { return false }
        return parent != getppid()
    }

    /// A stop of the unit, or Ctrl-C, ends mount(8); this process is asked to end with it.
    private static func endWithMount() {
        guard name(of: getppid()) == "mount" else { return }
        _ = clinux_end_with_parent()
    }

    /// As sd_booted(3) finds it out, and from the same root directory.
    private static var isUnderSystemd: Bool {
        var information = stat()
        var other = stat()
        guard lstat("/run/systemd/system", &information) == 0, stat("/", &information) == 0,
            stat("/proc/1/root/", &other) == 0
        else { return false }
        return information.st_dev == other.st_dev && information.st_ino == other.st_ino
    }

    private static func name(of process: Int32) -> String? {
        guard
            let file = try? FileDescriptor.open("/proc/\(process)/comm", .readOnly, options: .closeOnExec)
        else { return nil }
        defer { try? file.close() }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = (try? bytes.withUnsafeMutableBytes { try file.read(into: $0) }) ?? 0
        return String(decoding: bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
