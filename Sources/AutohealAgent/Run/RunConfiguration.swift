import ArgumentParser
import AutohealPlan
import AutohealSpec
import ConfigurationFile
import FoundationEssentials
import Logging
import StructuredLogging

/// What to do and how to log: flags, over the configuration file, over defaults; read and checked.
struct RunConfiguration: Sendable {
    let volumes: [VolumeSpec]
    /// The volumes as the file has them, if no flag changes what it says of them.
    let fileVolumes: [VolumeSettings]?
    /// What is wrong with the lines of fstab(5), where they are asked for.
    let fstabProblems: [ConfigurationProblem]
    /// Whether one of them is no volume, and so is never mounted.
    let hasWrongLine: Bool
    /// Volumes of fstab(5) whose mounts the run waits for, and does nothing else with.
    let awaited: [FstabVolume]
    /// Whether the run is that of autoheal-agent.service, and not by hand or for mount(8).
    let isOfUnit: Bool
    let logFormat: LogFormat
    let logLevel: Logger.Level
    /// Nil means "if the log goes to the journal".
    let logConsole: Bool?
    /// The process's, with what the file says of the metadata service where no variable says it.
    let environment: [String: String]

    /// Which volumes of fstab(5) are handled.
    enum FstabUse {
        /// With those of the configuration file, if no flag names a volume.
        case besides
        case alone
        /// They are waited for, where the run is that of the unit.
        case awaited
    }

    /// - Throws: `ValidationError` (exit code 64) for the flags, `ExitCode` 78 for the file, whose errors are printed, and for
    ///   one that is meant for another instance.
    init(_ command: RunFlags, fstab use: FstabUse) throws {
        let path = command.configurationFile
        let logging = command.logging
        let file = try Self.file(path)
        if use != .alone, let foreign = file.flatMap({ ForeignConfiguration($0) }) {
            Main.complain(
                "autoheal-agent: \(path ?? ConfigurationFile.standardPath): nothing was done: \(foreign.warning)"
            )
            throw ExitCode(ExitStatus.configuration.rawValue)
        }
        let flags = command.volume.settings
        isOfUnit = ProcessInfo.processInfo.environment["AUTOHEAL_UNIT"] != nil
        let looks = flags.device == nil && (use != .awaited || isOfUnit)
        // The unit has volumes of its own to mount, whatever is with fstab(5); that has been printed.
        let fstab = !looks ? nil : use == .awaited ? try? Self.fstab() : try Self.fstab()
        hasWrongLine = fstab.map { fstab in fstab.ours.contains { $0.isAutomatic && !fstab.reads($0) } } ?? false
        fstabProblems = fstab?.problems(beside: file, named: path ?? ConfigurationFile.standardPath) ?? []
        awaited = use == .awaited ? (fstab?.volumes ?? []).filter(\.entry.isAutomatic) : []
        let ofFstab = use == .awaited ? [] : (fstab?.volumes ?? []).map { flags.over($0.settings) }
        let hasNoTable = file?.volumes.isEmpty != false && flags.device == nil && fstab?.ours.isEmpty == false
        let ofFile =
            use == .alone || hasNoTable
            ? [] : try Self.settings(flags, over: file, named: path ?? ConfigurationFile.standardPath)
        guard use != .alone || fstab?.ours.isEmpty == false else {
            throw ValidationError("\(fstab?.file ?? "fstab") has no line of the type \(FstabEntry.type).")
        }
        volumes = try (ofFile + ofFstab)
            .map { settings in
                do throws(ConfigurationError) { return try VolumeSpec(settings) } catch {
                    throw ValidationError("--\(error)")
                }
            }
        fileVolumes = flags == VolumeSettings() ? file?.volumes : nil
        logFormat = try logging.format(default: file?.agent.logFormat)
        logLevel = try logging.level(default: file?.agent.logLevel)
        logConsole = logging.logConsole ?? file?.agent.logConsole
        environment = Self.environment(file)
    }

    /// What mount(8) asks for; how it is logged is said by the `[agent]` table of the configuration file.
    ///
    /// - Parameters:
    ///   - volume: nil if what it asks for is wrong, and only that is to be said.
    ///   - unit: systemd's name of the mount.
    init(_ volume: FstabVolume?, unit: String, isVerbose: Bool) {
        // What else is wrong with the file is no reason to leave this volume unmounted; it has been printed.
        let file = try? Self.file(nil)
        volumes = volume.map { [$0.spec] } ?? []
        fileVolumes = nil
        fstabProblems = []
        hasWrongLine = false
        awaited = []
        isOfUnit = false
        logFormat = file?.agent.logFormat.flatMap { LogFormat(rawValue: $0) } ?? .auto
        let level = file?.agent.logLevel.flatMap { Logger.Level(rawValue: $0) } ?? .info
        logLevel = isVerbose ? min(level, .debug) : level
        logConsole = file?.agent.logConsole
        environment = Self.environment(file).merging(["AUTOHEAL_UNIT": unit]) { $1 }
    }

    /// - Throws: `ExitCode` 71 if it cannot be read.
    private static func fstab() throws -> Fstab {
        do throws(ConfigurationFileError) { return try Fstab.read() } catch {
            Main.complain("\(error)")
            throw ExitCode(ExitStatus.osError.rawValue)
        }
    }

    static func environment(_ file: ConfigurationFile?) -> [String: String] {
        (file?.agent.environment ?? [:]).merging(ProcessInfo.processInfo.environment) { $1 }
    }

    /// Without `--device`, every volume of the file; with it, that volume, as the file describes it or not at all.
    private static func settings(
        _ flags: VolumeSettings,
        over file: ConfigurationFile?,
        named path: String
    ) throws -> [VolumeSettings] {
        let inFile = file?.volumes ?? []
        if let device = flags.device {
            return [flags.over(inFile.first { $0.device == device } ?? VolumeSettings())]
        }
        guard !inFile.isEmpty else {
            throw ValidationError(
                "Nothing says which volume to handle: give --device, or a [[volume]] table in \(path)."
            )
        }
        return inFile.map { flags.over($0) }
    }

    static func file(_ path: String?) throws -> ConfigurationFile? {
        do throws(ConfigurationFileError) {
            return try ConfigurationFile(path: path ?? ConfigurationFile.standardPath)
        } catch {
            if error.isMissing, path == nil { return nil }
            Main.complain("\(error)")
            throw ExitCode(ExitStatus.configuration.rawValue)
        }
    }
}

extension AgentSettings {
    /// The metadata service's settings as the variables of the AWS SDKs.
    fileprivate var environment: [String: String] {
        let variables = [
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadataEndpoint,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": metadataEndpointMode,
            "AWS_EC2_METADATA_DISABLED": metadataDisabled.map { "\($0)" },
        ]
        return variables.compactMapValues { $0 }
    }
}
