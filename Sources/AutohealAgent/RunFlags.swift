import ArgumentParser
import AutohealCore
import ConfigurationFile
import FoundationEssentials
import Logging
import StructuredLogging

/// Everything that says what to do, the same for `mount` and `plan`: flags, over the configuration file, over defaults.
struct RunFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The configuration file. (default: \(ConfigurationFile.standardPath), if there is one)",
            valueName: "file"
        )
    )
    var config: String?

    @OptionGroup(title: "Volume") var volume: VolumeFlags
    @OptionGroup(title: "Logging") var logging: LoggingFlags

    /// What the flags and the file say together.
    ///
    /// - Throws: `ValidationError` (exit code 64) for the flags, `ExitCode` 78 for the file, whose errors are printed.
    func configuration() throws -> RunConfiguration {
        let file = try file()
        let volumes = try settings(from: file).map { settings in
            do throws(ConfigurationError) { return try VolumeSpec(settings) } catch {
                throw ValidationError("--\(error)")
            }
        }
        return RunConfiguration(
            volumes: volumes,
            logFormat: try logging.format(default: file?.agent.logFormat),
            logLevel: try logging.level(default: file?.agent.logLevel),
            environment: (file?.agent.environment ?? [:]).merging(ProcessInfo.processInfo.environment) { $1 }
        )
    }

    func validate() throws {
        _ = try logging.format(default: nil)
        _ = try logging.level(default: nil)
        if volume.device != nil { _ = try volume.spec() }
    }

    /// Without `--device`, every volume of the file; with it, that volume, as the file describes it or not at all.
    private func settings(from file: ConfigurationFile?) throws -> [VolumeSettings] {
        let flags = volume.settings
        let inFile = file?.volumes ?? []
        guard let device = flags.device else {
            guard !inFile.isEmpty else {
                throw ValidationError(
                    "Nothing says which volume to handle: give --device, or a [[volume]] table in "
                        + "\(config ?? ConfigurationFile.standardPath)."
                )
            }
            return inFile.map { flags.over($0) }
        }
        return [flags.over(inFile.first { $0.device == device } ?? VolumeSettings())]
    }

    private func file() throws -> ConfigurationFile? {
        do throws(ConfigurationFileError) {
            return try ConfigurationFile(path: config ?? ConfigurationFile.standardPath)
        } catch {
            if error.isMissing, config == nil { return nil }
            Main.complain("\(error)")
            throw ExitCode(ExitStatus.configuration.rawValue)
        }
    }
}

/// The flags and the file, read and checked.
struct RunConfiguration: Sendable {
    var volumes: [VolumeSpec]
    var logFormat: LogFormat
    var logLevel: Logger.Level
    /// The process's, with what the file says of the metadata service where no variable says it.
    var environment: [String: String]
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
