import ArgumentParser
import AutohealCore
import CloudTemplates
import ConfigurationFile

/// The volume or volumes: the flags of `autoheal-agent mount`, or the agent's own file.
struct VolumeFlags: ParsableArguments {
    @Option(help: ArgumentHelp("The agent's configuration file, instead of the flags below.", valueName: "file"))
    var config: String?

    @Option(help: "The name the volume is attached as. (default: /dev/sdf)")
    var device: String?

    @Option(help: "The directory to mount at. (default: /data)")
    var mountPoint: String?

    @Option(help: "How many times the agent looks for the device, each time its unit starts it. (default: 6)")
    var tries: Int?

    @Option(help: "Seconds between two looks. (default: 10)")
    var interval: Double?

    @Option(help: "The volume's id, vol-...: any other volume is refused.")
    var volumeID: String?

    @Option(help: "The file system to create, ext4; if given, a volume that holds another one is refused.")
    var filesystem: String?

    @Option(help: "The label of the file system.")
    var label: String?

    @Option(help: "Mount options, as in fstab(5).")
    var options: String?

    @Option(
        help: ArgumentHelp(
            "When to format: if-blank, if-no-signature or never. (default: if-blank)",
            discussion: "The agent's flag and key 'format', which means the form of the output here."
        )
    )
    var formatPolicy: String?

    @Option(help: ArgumentHelp("Who owns the root directory of a new file system.", valueName: "user[:group]"))
    var owner: String?

    @Option(help: "The mode of the root directory of a new file system, octal.")
    var mode: String?

    @Flag(inversion: .prefixedNo, help: "Grow the file system to the size of the device. (default: --grow)")
    var grow: Bool?

    @Flag(inversion: .prefixedNo, help: "Run e2fsck -p before ext file systems are mounted. (default: --check)")
    var check: Bool?

    @Option(parsing: .unconditional, help: "Further options for mkfs.ext4, as one word: '-m 0 -O quota'.")
    var mkfsOptions: String?

    /// The configuration, checked as the agent will check it.
    func configuration() throws -> ConfigurationFile {
        var settings = VolumeSettings()
        settings.device = device
        settings.mountPoint = mountPoint
        settings.tries = tries
        settings.interval = interval
        settings.volumeID = volumeID
        settings.filesystem = filesystem
        settings.label = label
        settings.options = options
        settings.format = formatPolicy
        settings.owner = owner
        settings.mode = mode
        settings.grow = grow
        settings.check = check
        settings.mkfsOptions = mkfsOptions.map { $0.split(separator: " ").map(String.init) }
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
