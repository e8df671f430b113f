import CLinux
import Glibc
import SystemPackage

/// Where the helper runs, so that a stop of the mount unit does not strike e2fsck and mkfs.
///
/// systemd ends a mount unit that is stopped, or takes too long, by a signal to every process of its control group. In a
/// scope of its own (systemd.scope(5)) the helper is not among them: it is told by the end of its parent, which waits for it
/// in the unit, and lets its child finish. The scope itself is stopped at shutdown alone, with a signal that e2fsck and mkfs
/// ignore and the helper heeds, and for as long as its child takes.
enum MountScope {
    /// Says that this is the process in the scope: the parent that waits for it, and the descriptor that tells it so.
    private static let variable = "AUTOHEAL_MOUNT_SCOPE"
    private static let systemdRun = "/usr/bin/systemd-run"

    /// Begins the program anew in a scope, and ends as that ends. Returns in the scope, or where there is none to be had:
    /// without systemd, in a chroot, while systemd begins anew itself.
    static func enter(for mountPoint: String) {
        if isEntered { return arrive() }
        if name(of: getppid()) == "mount" { _ = clinux_end_with_parent() }
        guard isUnderSystemd, let name = CommandLine.arguments.first else { return }
        // Blocked, a stop of the scope is not lost on a program that has only begun; it unblocks the signal when it is ready.
        var stop = sigset_t()
        sigemptyset(&stop)
        sigaddset(&stop, SIGURG)
        pthread_sigmask(SIG_BLOCK, &stop, nil)
        // systemd that begins anew answers nobody for a moment.
        for attempt in 1...attempts {
            guard let pipe = try? FileDescriptor.pipe() else { return }
            _ = fcntl(pipe.readEnd.rawValue, F_SETFD, FD_CLOEXEC)
            setenv(variable, "\(getpid()):\(pipe.writeEnd.rawValue)", 1)
            let child = spawn(
                [
                    systemdRun, "--scope", "--quiet", "--collect", "--slice=system.slice",
                    "--unit=autoheal-mount-\(getpid())-\(attempt)",
                    "--description=Mount \(mountPoint) (mount.autoheal)",
                    "--property=KillSignal=SIGURG", "--property=SendSIGKILL=no", "--property=TimeoutStopSec=infinity",
                    "--", name,
                ] + CommandLine.arguments.dropFirst()
            )
            try? pipe.writeEnd.close()
            unsetenv(variable)
            var byte: UInt8 = 0
            let hasArrived = child.map { _ in retrying { read(pipe.readEnd.rawValue, &byte, 1) } == 1 } ?? false
            try? pipe.readEnd.close()
            guard let child else { return }
            var status: CInt = 0
            _ = retrying { Int(waitpid(child, &status, 0)) }
            // Else only systemd-run has failed, and has said why.
            if hasArrived { exit(status & 0x7F == 0 ? status >> 8 & 0xFF : MountHelper.Exit.system.rawValue) }
            usleep(500_000)
        }
    }

    /// Half a second apart.
    private static let attempts = 10

    static var isEntered: Bool { parent != nil }

    /// Whether the parent has ended before this process could hear of it.
    static var isAbandoned: Bool { parent.map { $0.process != getppid() } ?? false }

    private static var parent: (process: Int32, descriptor: Int32)? {
        guard let value = getenv(variable) else { return nil }
        let numbers = String(cString: value).split(separator: ":").compactMap { Int32($0) }
        return numbers.count == 2 ? (numbers[0], numbers[1]) : nil
    }

    /// A stop of the unit, or Ctrl-C, ends the parent; this process is asked to end with it.
    private static func arrive() {
        _ = clinux_end_with_parent()
        guard let parent else { return }
        var byte: UInt8 = 1
        _ = retrying { write(parent.descriptor, &byte, 1) }
        close(parent.descriptor)
        guard let score = try? FileDescriptor.open("/proc/self/oom_score_adj", .writeOnly, options: .closeOnExec)
        else { return }
        _ = try? score.closeAfter { try score.writeAll(Array(outOfMemoryScore.utf8)) }
    }

    /// As OOMScoreAdjust= of autoheal-agent.service.
    private static let outOfMemoryScore = "-900"

    private static func spawn(_ command: [String]) -> pid_t? {
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        return posix_spawn(&child, command[0], nil, nil, arguments, environ) == 0 ? child : nil
    }

    private static func retrying(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            guard result < 0, errno == EINTR else { return result }
        }
    }

    /// As sd_booted(3) finds it out, and from the same root directory.
    static var isUnderSystemd: Bool {
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
