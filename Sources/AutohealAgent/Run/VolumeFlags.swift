import ArgumentParser
import AutohealSpec
import ConfigurationFile
import SettingFlags

/// The flags that describe one volume.
struct VolumeFlags: ParsableArguments {
    static let configurationHelp = ArgumentHelp(
        "The configuration file. (default: \(ConfigurationFile.standardPath), if there is one)",
        valueName: "file"
    )

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
