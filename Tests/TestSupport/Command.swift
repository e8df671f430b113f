import Glibc
import Subprocess
import SystemPackage

/// How a program ended, and what it said.
package struct Completed: Sendable {
    package let command: String
    /// nil if a signal ended it.
    package let exitCode: Int32?
    package let signal: Int32?
    package let output: String
    package let errors: String

    package var succeeded: Bool { exitCode == 0 }
}

/// A program of the system, run to its end.
package enum Command {
    package static let directories = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]

    /// The packages of Debian and Ubuntu for what is not on every machine.
    private static let packages = [
        "addpart": "util-linux", "blockdev": "util-linux", "blkid": "util-linux", "btrfs": "btrfs-progs",
        "cryptsetup": "cryptsetup-bin",
        "debugfs": "e2fsprogs", "e2fsck": "e2fsprogs", "losetup": "mount",
        "mkfs.btrfs": "btrfs-progs", "mkfs.ext4": "e2fsprogs", "mkfs.xfs": "xfsprogs", "mkswap": "util-linux",
        "mknod": "coreutils",
        "pvcreate": "lvm2", "setpriv": "util-linux", "sfdisk": "fdisk", "strace": "strace",
        "unshare": "util-linux",
    ]

    /// - Throws: ``MissingProgram``, which fails the test that needs it: nothing is skipped for want of a package.
    package static func path(of name: String) throws(MissingProgram) -> String {
        if name.hasPrefix("/") { return name }
        guard let directory = directories.first(where: { access("\($0)/\(name)", X_OK) == 0 }) else {
            throw MissingProgram(name: name, package: packages[name] ?? name)
        }
        return "\(directory)/\(name)"
    }

    /// Runs a program, whatever it answers.
    package static func run(
        _ name: String,
        _ arguments: [String],
        input: String = "",
        environment: [String: String] = [:]
    ) async throws -> Completed {
        let variables = ["PATH": directories.joined(separator: ":"), "LC_ALL": "C"].merging(environment) { $1 }
        let result = try await Subprocess.run(
            .path(FilePath(try path(of: name))),
            arguments: Arguments(arguments),
            environment: .custom(variables.asEnvironment),
            input: .string(input),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        return Completed(
            command: ([name] + arguments).joined(separator: " "),
            exitCode: result.terminationStatus.exitCode,
            signal: result.terminationStatus.signal,
            output: result.standardOutput,
            errors: result.standardError
        )
    }

    /// Runs a program that must succeed.
    @discardableResult
    package static func check(
        _ name: String,
        _ arguments: [String],
        input: String = "",
        environment: [String: String] = [:]
    ) async throws -> String {
        let completed = try await run(name, arguments, input: input, environment: environment)
        guard completed.succeeded else { throw FailedCommand(completed: completed) }
        return completed.output
    }
}

package struct MissingProgram: Error, CustomStringConvertible {
    package let name: String
    package let package: String

    package var description: String { "\(name) is missing: install the package \(package) (script/bootstrap does)." }
}

package struct FailedCommand: Error, CustomStringConvertible {
    package let completed: Completed

    package var description: String {
        let end = completed.exitCode.map { "exit code \($0)" } ?? "signal \(completed.signal ?? 0)"
        return "\(completed.command): \(end): \(completed.errors)\(completed.output)"
    }
}

extension TerminationStatus {
    var exitCode: Int32? { if case .exited(let code) = self { code } else { nil } }
    var signal: Int32? { if case .signaled(let signal) = self { signal } else { nil } }
}

extension [String: String] {
    var asEnvironment: [Environment.Key: String] {
        reduce(into: [:]) { keys, pair in
            if let key = Environment.Key(rawValue: pair.key) { keys[key] = pair.value }
        }
    }
}
