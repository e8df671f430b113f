import ArgumentParser
import AutohealCore
import ConfigurationFile
import FoundationEssentials
import Logging
import StructuredLogging

/// What to do and how to log: flags, over the configuration file, over defaults; read and checked.
struct RunConfiguration: Sendable {
    let volumes: [VolumeSpec]
    /// The volumes as the file has them, if no flag changes what it says of them.
    let fileVolumes: [VolumeSettings]?
    let logFormat: LogFormat
    let logLevel: Logger.Level
    /// Nil means "if the log goes to the journal".
    let logConsole: Bool?
    /// The process's, with what the file says of the metadata service where no variable says it.
    let environment: [String: String]

    /// - Throws: `ValidationError` (exit code 64) for the flags, `ExitCode` 78 for the file, whose errors are printed, and for
    ///   one that is meant for another instance.
    init(file path: String?, volume: VolumeFlags, logging: LoggingFlags) throws {
        let file = try Self.file(path)
        if let foreign = file.flatMap({ ForeignConfiguration($0) }) {
            Main.complain(
                "autoheal-agent: \(path ?? ConfigurationFile.standardPath): nothing was done: \(foreign.warning)"
            )
            throw ExitCode(ExitStatus.configuration.rawValue)
        }
        volumes = try Self.settings(volume.settings, over: file, named: path ?? ConfigurationFile.standardPath)
            .map { settings in
                do throws(ConfigurationError) { return try VolumeSpec(settings) } catch {
                    throw ValidationError("--\(error)")
                }
            }
        fileVolumes = volume.settings == VolumeSettings() ? file?.volumes : nil
        logFormat = try logging.format(default: file?.agent.logFormat)
        logLevel = try logging.level(default: file?.agent.logLevel)
        logConsole = logging.logConsole ?? file?.agent.logConsole
        environment = Self.environment(file)
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
