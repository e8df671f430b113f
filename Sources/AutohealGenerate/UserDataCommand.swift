import ArgumentParser
import AutohealSpec
import CloudTemplates
import ConfigurationFile
import SettingFlags

struct UserDataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "userdata",
        abstract: "Write the user data that configures and installs the agent when an instance is launched.",
        discussion: """
            It runs on the first boot of an instance only; what must happen on every boot is autoheal-agent.service's. \
            An instance has no network until its address is associated, so the download is tried for \
            \(UserData.installMinutes) minutes; if it fails, the console says so and the boot goes on. EC2 takes at most \
            16 KiB. Without --device, the volume is /dev/sdf.

              sum=$(sha256sum < autoheal-agent.deb | cut -d' ' -f1)
              autoheal-generate userdata --volume-id vol-0123456789abcdef0 \\
                  --package-url https://example.com/autoheal-agent.deb \\
                  --package-sha256 "$sum"
              autoheal-generate userdata --preinstalled --config config.toml
              autoheal-generate userdata --preinstalled --format mime \\
                  --append app.sh --encode gzip-base64
              autoheal-generate userdata --apt-key key.asc \\
                  --apt-source 'https://apt.example.com bookworm main' \\
                  --package-version 0.1.0-1 --for terraform

            No secret may be in it: every process of the instance can read user data. So a pre-signed package URL is \
            refused; it would also have expired when the instance is replaced months from now.
            """
    )

    @OptionGroup(title: "Volume") var volume: VolumeFlags
    @OptionGroup(title: "Package") var source: SourceFlags

    @Option(help: "The form.")
    var format: UserDataFormat = .cloudConfig

    @Option(help: "How it is packed.")
    var encode: UserDataEncoding = .none

    @Option(
        name: .customLong("for"),
        help: "Where it is put: as it is, inside Fn::Sub, or inside HCL or a template of Terraform."
    )
    var language: TemplateLanguage = .raw

    @Option(
        help: ArgumentHelp(
            "A user-data file of your own that becomes a further part; with --format mime.",
            valueName: "file"
        )
    )
    var append: [String] = []

    @Flag(help: "Power the instance off when its volume cannot be had, so that the group replaces it.")
    var powerOffOnFailure = false

    @Option(
        help: ArgumentHelp(
            "What mounts: the agent's unit, by its configuration file, or a line of /etc/fstab.",
            valueName: "agent|fstab"
        )
    )
    var mountWith: MountWay = .agent

    @OptionGroup(title: "Output") var output: OutputFlags

    func run() async throws {
        try await output.write {
            guard let source = try source.source() else {
                throw GenerationError(
                    "Say where instances get the agent from: --package-url with --package-sha256, --apt-source with "
                        + "--apt-key and --package-version, or --preinstalled."
                )
            }
            var configuration = try volume.configuration()
            // The id finds a volume on Nitro; on Xen, the name that was asked for does.
            if mountWith == .fstab, volume.config == nil, volume.others.settings.device == nil,
                let id = configuration.volumes[0].volumeID.flatMap({ VolumeID($0) })
            {
                configuration.volumes[0].device = FstabVolume.device(of: id)
            }
            let userData = try UserData(
                configuration: configuration,
                source: source,
                powersOffOnFailure: powerOffOnFailure,
                mountWay: mountWith,
                appendedParts: try append.map { try UserDataPart(name: $0, content: try TextFile(path: $0).text) }
            )
            return try await userData.text(format: format, encoding: encode, language: language)
        }
    }
}

extension MountWay: ExpressibleByArgument {}
extension UserDataFormat: ExpressibleByArgument {}
extension UserDataEncoding: ExpressibleByArgument {}
extension TemplateLanguage: ExpressibleByArgument {}
