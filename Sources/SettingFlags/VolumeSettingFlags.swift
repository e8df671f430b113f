import ArgumentParser
package import AutohealSpec

/// The flags that describe one volume, of the agent and of the generator. The policy of formatting is missing: it is
/// `--format` here, as in the configuration file, and cannot be there.
package struct VolumeSettingFlags: ParsableArguments {
    package init() {}

    @Option(help: "The device, by the name it is attached as; on Nitro it is found by what the disk says of itself.")
    var device: String?

    @Option(help: "The directory to mount at; made if it is missing. (default: /data)")
    var mountPoint: String?

    @Option(help: "How many times to look for the device. (default: 6)")
    var tries: Int?

    @Option(help: "Seconds between two looks; the kernel's events wake the agent earlier. (default: 10)")
    var interval: Double?

    @Option(help: "The volume's id, vol-...: any other volume is refused.")
    var volumeID: String?

    @Option(help: "The file system to create, ext4; if given, a volume that holds another one is refused.")
    var filesystem: String?

    @Option(help: "The label of the file system: set when it is created, required when it is found.")
    var label: String?

    @Option(help: "Mount options, as in fstab(5).")
    var options: String?

    @Option(help: ArgumentHelp("Who owns the root directory of a new file system.", valueName: "user[:group]"))
    var owner: String?

    @Option(help: "The mode of the root directory of a new file system, octal.")
    var mode: String?

    @Flag(inversion: .prefixedNo, help: "Grow the file system (ext4, xfs) to the size of the device. (default: --grow)")
    var grow: Bool?

    @Flag(inversion: .prefixedNo, help: "Run e2fsck -p before ext file systems are mounted. (default: --check)")
    var check: Bool?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Further options for mkfs.ext4, as one word: '-m 0 -O quota'.", valueName: "options")
    )
    var mkfsOptions: String?

    package var settings: VolumeSettings {
        var settings = VolumeSettings()
        settings.device = device
        settings.mountPoint = mountPoint
        settings.tries = tries
        settings.interval = interval
        settings.volumeID = volumeID
        settings.filesystem = filesystem
        settings.label = label
        settings.options = options
        settings.owner = owner
        settings.mode = mode
        settings.grow = grow
        settings.check = check
        settings.mkfsOptions = mkfsOptions.map { $0.split(separator: " ").map(String.init) }
        return settings
    }
}
