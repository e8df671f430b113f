import ArgumentParser
import AutohealSpec
import CloudTemplates
import ConfigurationFile
import SettingFlags

/// The volume or volumes: the flags of `autoheal-agent mount`, or the agent's own file. Without a device, it is `/dev/sdf`.
struct VolumeFlags: ParsableArguments {
    @Option(help: ArgumentHelp("The agent's configuration file, instead of the flags below.", valueName: "file"))
    var config: String?

    @OptionGroup var others: VolumeSettingFlags

    @Option(
        help: ArgumentHelp(
            "When to format: if-blank, if-no-signature or never. (default: if-blank)",
            discussion: "The agent's flag and key 'format', which means the form of the output here."
        )
    )
    var formatPolicy: String?

    var isEmpty: Bool { config == nil && formatPolicy == nil && others.settings == VolumeSettings() }

    /// The configuration, checked as the agent will check it.
    func configuration() throws -> ConfigurationFile {
        var settings = others.settings
        settings.format = formatPolicy
        guard let config else {
            let configuration = ConfigurationFile(volumes: [settings.withStackDefaults])
            _ = try configuration.specs(file: "flags")
            return configuration
        }
        guard settings == VolumeSettings() else {
            throw ValidationError("--config says all about the volumes: give either it or the flags of one volume.")
        }
        return try ConfigurationFile(path: config)
    }
}
