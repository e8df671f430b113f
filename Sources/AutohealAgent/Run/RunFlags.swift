import ArgumentParser
import AutohealSpec
import ConfigurationFile
import SettingFlags

/// What `mount`, `plan` and `grow` are told.
struct RunFlags: ParsableArguments {
    @Option(name: .customLong("config"), help: Self.configurationHelp)
    var configurationFile: String?

    @OptionGroup(title: "Volume") var volume: VolumeFlags
    @OptionGroup(title: "Logging") var logging: LoggingFlags

    static let configurationHelp = ArgumentHelp(
        "The configuration file. (default: \(ConfigurationFile.standardPath), if there is one)",
        valueName: "file"
    )
}

/// The flags that describe one volume.
struct VolumeFlags: ParsableArguments {
    @OptionGroup var others: VolumeSettingFlags

    @Option(
        help: ArgumentHelp(
            "When to format: if-blank, if-no-signature or never. (default: if-blank)",
            discussion:
                "if-no-signature gives up the proof that the device is blank; never by a name such as /dev/nvme1n1 alone."
        )
    )
    var format: String?

    var settings: VolumeSettings {
        var settings = others.settings
        settings.format = format
        return settings
    }
}
