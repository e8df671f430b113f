package import AutohealRun
import FoundationEssentials
import Glibc
package import SystemPackage

/// Where a run leaves its report and holds its lock: systemd's RUNTIME_DIRECTORY (systemd.exec(5)), else
/// /run/autoheal-agent. It is gone after a reboot, as it should be.
package struct RuntimeDirectory: Hashable, Sendable {
    package let path: String

    /// That of the units of the package.
    package static let standardPath = "/run/autoheal-agent"

    package init(path: String) { self.path = path }

    package init(environment: [String: String]) {
        let given = environment["RUNTIME_DIRECTORY"]?.split(separator: ":").first.map(String.init)
        path = given.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? Self.standardPath
    }

    /// mkdir(2), mode 0755, parents too.
    package func create() throws(Errno) {
        var path = ""
        for part in self.path.split(separator: "/") {
            path += "/\(part)"
            guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw Errno(rawValue: errno) }
        }
    }

    /// Opens the lock file of a mount point, whatever links lead to it: two agents must not mount on one directory at once.
    func openLockFile(for mountPoint: String) throws(Errno) -> FileDescriptor {
        try create()
        do {
            return try FileDescriptor.open(
                file(for: canonicalPath(mountPoint) ?? mountPoint, extension: "lock"),
                .readWrite,
                options: [.create, .closeOnExec],
                permissions: Self.lockPermissions
            )
        } catch {
            throw error as? Errno ?? .ioError
        }
    }

    /// Whoever can read a file can lock it (flock(2)), and hold up what waits for it.
    private static let lockPermissions = FilePermissions(rawValue: 0o600)

    /// Whether a run is at work on this mount point now, which it is from when it has found the device.
    package func isLocked(_ mountPoint: String) -> Bool {
        let path = file(for: mountPoint, extension: "lock")
        guard let descriptor = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return false }
        defer { try? descriptor.close() }
        // Shared, and given back at once: a run that is just about to take it waits 50 ms and takes it then.
        return flock(descriptor.rawValue, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    /// Replaces the report of a mount point in one step: a reader sees the old one or the new one, never half of one.
    package func write(_ report: Report) throws(Errno) {
        try write(json: report, to: file(for: report.mountPoint, extension: "json"))
    }

    /// Puts aside what a run said of a mount point that is configured no more.
    package func retireReport(of mountPoint: String) {
        rename(file(for: mountPoint, extension: "json"), file(for: mountPoint, extension: "former"))
    }

    /// The volumes that a run found in its configuration file, in the form of that file.
    package func writeVolumes(_ text: String) throws(Errno) { try write(Array(text.utf8), to: volumesFile) }

    package var volumesFile: String { "\(path)/volumes.toml" }

    /// What mount(8) asked for at a mount point, in the form of a configuration file.
    package func writeFstabVolume(_ text: String, at mountPoint: String) throws(Errno) {
        try write(Array(text.utf8), to: file(for: mountPoint, extension: Self.fstabExtension))
    }

    /// All that ``writeFstabVolume(_:at:)`` has written.
    package var fstabFiles: [String] {
        names(in: path).filter { $0.hasSuffix(".\(Self.fstabExtension)") }.map { "\(path)/\($0)" }
    }

    private static let fstabExtension = "fstab"

    /// There from when a mount of fstab(5) begins until it has succeeded, by the name of its unit: a volume that arrives has
    /// systemd start the unit again, unless a run holds the file (autoheal-mount-arrival.service).
    package func setIsAwaited(_ unit: String, _ isAwaited: Bool) {
        if isAwaited {
            // Never in the place of one that a run holds.
            try? openAwaitedFile(unit).close()
        } else {
            unlink(awaitedFile(unit))
        }
    }

    private func openAwaitedFile(_ unit: String) throws -> FileDescriptor {
        try RuntimeDirectory(path: "\(path)/awaited").create()
        return try FileDescriptor.open(
            awaitedFile(unit),
            .readWrite,
            options: [.create, .closeOnExec],
            permissions: Self.lockPermissions
        )
    }

    package func isAwaited(_ unit: String) -> Bool { access(awaitedFile(unit), F_OK) == 0 }

    /// Makes the file, and says by a lock on it (flock(2)) that a run is at work and sees for itself what arrives; however that
    /// run ends, the kernel takes the lock back. Nil if it cannot be had.
    package func holdAwaited(_ unit: String) -> FileDescriptor? {
        setIsAwaited(unit, true)
        guard let file = try? FileDescriptor.open(awaitedFile(unit), .readOnly, options: .closeOnExec) else {
            return nil
        }
        // Whoever asks holds it for a moment.
        while flock(file.rawValue, LOCK_SH) != 0, errno == EINTR {}
        return file
    }

    private func awaitedFile(_ unit: String) -> String { "\(path)/awaited/\(unit)" }

    /// There as long as it is not known which instance this is: the unit is started again when it may be.
    package func setIdentityIsAwaited(_ isAwaited: Bool) {
        let flag = "\(path)/identity-awaited"
        guard isAwaited else {
            unlink(flag)
            return
        }
        try? write([], to: flag)
    }

    /// Not empty once a signal has asked a run to end, so that nobody takes that for a failure: autoheal-power-off.service
    /// does not power off. The unit empties the file before every run.
    package var stopRequestFile: String { "\(path)/stop-requested" }

    /// There while a run looks for its volumes and once it has mounted them, gone when it has failed: a volume that comes in
    /// the pause before the next try, which may be none, starts the unit (autoheal-agent-arrival.service).
    package func setIsLooking(_ isLooking: Bool) {
        if isLooking { try? write([], to: "\(path)/looking") } else { unlink("\(path)/looking") }
    }

    func write(json value: some Encodable, to destination: String) throws(Errno) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        guard let bytes = try? encoder.encode(value) else { throw .invalidArgument }
        try write(bytes + [0x0A], to: destination)
    }

    private func write(_ bytes: some Sequence<UInt8>, to destination: String) throws(Errno) {
        try create()
        let temporary = destination + ".\(getpid())"
        do {
            let descriptor = try FileDescriptor.open(
                temporary,
                .writeOnly,
                options: [.create, .truncate, .closeOnExec],
                permissions: FilePermissions(rawValue: 0o644)
            )
            try descriptor.closeAfter { _ = try descriptor.writeAll(bytes) }
            guard rename(temporary, destination) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            unlink(temporary)
            throw error as? Errno ?? .ioError
        }
    }

    /// The reports of all mount points, in the order of their names; what is not a report is left out.
    package func reports() -> [Report] { (try? reportsOrError()) ?? [] }

    /// The same, where it matters whether there are none or they cannot be seen.
    package func reportsOrError() throws(Errno) -> [Report] { try reports(".json") }

    /// The last reports of mount points that are configured no more.
    package func formerReports() -> [Report] { (try? reports(".former")) ?? [] }

    private func reports(_ suffix: String) throws(Errno) -> [Report] {
        let files: [String]
        do throws(Errno) { files = try namesOrError(in: path) } catch {
            guard error == .noSuchFileOrDirectory else { throw error }
            return []
        }
        return files.filter { $0.hasSuffix(suffix) }.compactMap { json(inFile: "\(path)/\($0)") }
    }

    /// The last report of one mount point.
    package func report(of mountPoint: String) -> Report? { json(inFile: file(for: mountPoint, extension: "json")) }

    func json<Value: Decodable>(inFile path: String) -> Value? {
        guard let descriptor = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return nil }
        defer { try? descriptor.close() }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        guard let count = try? bytes.withUnsafeMutableBytes({ try descriptor.read(into: $0) }) else { return nil }
        return try? JSONDecoder().decode(Value.self, from: Data(bytes.prefix(count)))
    }

    /// One name per mount point, as systemd-escape(1) would make it from a path; hidden from no pattern.
    private func file(for mountPoint: String, extension: String) -> String {
        "\(path)/\(escapedPath(mountPoint)).\(`extension`)"
    }
}
