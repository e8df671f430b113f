import ArgumentParser
import AutohealHost
import AutohealPlan
import AutohealRun
import AutohealSpec
import ConfigurationFile
import FoundationEssentials
import Libmount

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Say what the last run did and whether it still holds.",
        discussion: """
            Exits with 0 only if every volume is mounted now, from the right device, read-write unless it was asked to be \
            read-only: fit for a health check. Before the first run it exits with 66. If the configuration file has changed \
            since, it warns; if a volume of it is not mounted as the file says now, it exits with 78, or with 66 while a run \
            is still at it. A volume that was released, and is not mounted again, is 69. A file that names another instance is warned of, and nothing else is said of it.
            """
    )

    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "The configuration file. (default: \(ConfigurationFile.standardPath), if there is one)",
            valueName: "file"
        )
    )
    var configurationFile = ConfigurationFile.standardPath

    @Option(help: "Only the volume at this mount point.")
    var mountPoint: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        // As the configuration takes it, with slashes to spare.
        let asked = mountPoint.map { "/" + $0.split(separator: "/").joined(separator: "/") }
        let directory = RuntimeDirectory(environment: ProcessInfo.processInfo.environment)
        let reports = directory.reports().filter { !isForgotten($0.mountPoint, in: directory) }
        // Or as fstab(5) spells it, through a link.
        let wanted = asked.map { path in
            reports.contains { $0.mountPoint == path } ? path : canonicalMountPoint(path)
        }
        let volumes = reports.filter { [$0.mountPoint, nil].contains(wanted) }
            .map { VolumeStatus($0, in: directory) }
        let foreign = (try? ConfigurationFile(path: configurationFile)).flatMap { ForeignConfiguration($0) }
        let changes = [
            foreign == nil ? drift(since: reports, at: wanted) : nil, fstabDrift(since: reports, at: wanted),
        ]
        let drift = changes.compactMap(\.self).reduce(nil) { (all: ConfigurationDrift?, next) in
            all?.joined(next) ?? next
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(volumes), as: UTF8.self))
        } else {
            for volume in volumes { print(volume.text) }
        }
        // What another instance's file says of volumes is not for this one, and to restart the unit would end its services.
        if let foreign {
            Main.complain("autoheal-agent: warning: \(configurationFile): \(foreign.warning)")
        }
        for warning in drift?.warnings ?? [] { Main.complain("autoheal-agent: warning: \(warning)") }
        for sentence in (drift?.missing ?? []) + (drift?.pending ?? []) { Main.complain("autoheal-agent: \(sentence)") }
        guard drift?.missing.isEmpty != false else { throw ExitCode(ExitStatus.configuration.rawValue) }
        guard !volumes.isEmpty else {
            let isForgotten = reports.isEmpty && !directory.reports().isEmpty
            Main.complain(
                isForgotten
                    ? "autoheal-agent: what earlier runs mounted was taken out of fstab and unmounted."
                    : "autoheal-agent: no run has left a report\(mountPoint.map { " of \($0)" } ?? "") in \(directory.path)."
            )
            throw ExitCode(ExitStatus.noInput.rawValue)
        }
        // What the file no longer has is no reason to call the instance unhealthy.
        let present = volumes.filter { drift?.gone.contains($0.report.mountPoint) != true }
        // A file that has nothing left says nothing of what is mounted.
        let judged = present.isEmpty ? volumes : present
        if let status = judged.map(\.status).first(where: { $0 != .ok }) { throw ExitCode(status.rawValue) }
        throw ExitCode((drift?.pending.isEmpty == false ? ExitStatus.noInput : .ok).rawValue)
    }

    /// Nil where no run has read a file, or there is none, or it is wrong now, which is said.
    private func drift(since reports: [Report], at wanted: String?) -> ConfigurationDrift? {
        guard let change = try? ConfigurationChange(file: configurationFile) else { return nil }
        let isAskedFor = { (spec: VolumeSpec) in [spec.mountPoint, nil].contains(wanted) }
        return ConfigurationDrift(
            present: change.present.filter(isAskedFor),
            lastRun: change.lastRun.filter(isAskedFor),
            reports: reports
        )
    }

    /// Nil where fstab(5) cannot be read, or has none of our lines and never had one.
    private func fstabDrift(since reports: [Report], at wanted: String?) -> ConfigurationDrift? {
        let directory = RuntimeDirectory(environment: ProcessInfo.processInfo.environment)
        let lastRun = Self.fstabVolumes(of: directory).filter { !isForgotten($0.mountPoint, in: directory) }
        guard let fstab = try? Fstab.read(), !fstab.ours.isEmpty || !lastRun.isEmpty else { return nil }
        let isAskedFor = { (spec: VolumeSpec) in [spec.mountPoint, nil].contains(wanted) }
        let volumes = fstab.volumes.filter { isAskedFor($0.spec) }
        // What no boot mounts is missed by nobody until it has been mounted.
        let present = volumes.filter { volume in
            volume.entry.isAutomatic || lastRun.contains { $0.mountPoint == volume.spec.mountPoint }
        }
        return ConfigurationDrift(
            present: present.map(\.spec),
            lastRun: lastRun.filter(isAskedFor),
            reports: reports,
            source: .fstab
        )
    }

    /// What mount(8) asked for in this boot.
    private static func fstabVolumes(of directory: RuntimeDirectory) -> [VolumeSpec] {
        directory.fstabFiles.compactMap { try? ConfigurationFile(path: $0).specs() }.flatMap(\.self)
    }

    /// Whether a volume was one of fstab(5), has been taken out of it and is mounted no more: nobody misses it.
    private func isForgotten(_ mountPoint: String, in directory: RuntimeDirectory) -> Bool {
        let ofFile = (try? ConfigurationFile(path: configurationFile))?.volumes ?? []
        guard Self.fstabVolumes(of: directory).contains(where: { $0.mountPoint == mountPoint }),
            !ofFile.contains(where: { ($0.mountPoint ?? VolumeSpec.defaultMountPoint) == mountPoint }),
            let fstab = try? Fstab.read(), !fstab.ours.contains(where: { $0.mountPoint == mountPoint }),
            let mounts = try? MountTable()
        else { return false }
        return mounts.topmost(at: mountPoint) == nil
    }
}
