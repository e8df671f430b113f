import AutohealSpec
import ConfigurationFile

/// The user data of a stack, in which ids and parameters take the place of values.
///
/// The text is made from values that the agent accepts, of which some stand for what the stack will know; those are
/// then replaced by references. So all that surrounds them is right by construction, and the parameters' patterns
/// keep the rest right.
struct StackUserData {
    /// A value that stands for one of the stack's.
    struct Reference {
        var standIn: String
        /// As the template language writes it, such as `${VolumeDevice}`.
        var text: String
    }

    /// How the language names what the stack knows of a volume, numbered from 1.
    struct Names {
        var device: (Int) -> String
        var mountPoint: (Int) -> String
        var volumeID: (Int) -> String
        var packageURL: String
        var packageDigest: String
    }

    /// As long as addresses are, since the text may have only so many bytes, and with a character that a shell must not see: what
    /// a parameter's pattern lets through is quoted where this is.
    private static let standInURL =
        "https://package.invalid/(\(String(repeating: "0", count: 150)))/autoheal-agent.deb"
    private static let standInDigest = String(repeating: "0", count: 64)

    let options: StackOptions

    func text(language: TemplateLanguage, names: Names) throws(GenerationError) -> String {
        var configuration = options.configuration
        if options.handOver > 0, configuration.handOver.on == nil {
            configuration.handOver.on = [EndingReason.terminate.rawValue]
        }
        if let port = options.healthPort, configuration.health.listen == nil {
            configuration.health.listen = "0.0.0.0:\(port)"
        }
        var references: [Reference] = []
        for index in configuration.volumes.indices {
            let number = index + 1
            let device = "/dev/stand-in-\(number)"
            let mountPoint = "/stand-in/\(number)"
            let volumeID = "vol-\(String(repeating: "0", count: 16))\(number)"
            configuration.volumes[index].device = device
            configuration.volumes[index].mountPoint = mountPoint
            configuration.volumes[index].volumeID = volumeID
            references += [
                Reference(standIn: device, text: names.device(number)),
                Reference(standIn: mountPoint, text: names.mountPoint(number)),
                Reference(standIn: volumeID, text: names.volumeID(number)),
            ]
        }
        var source = options.source ?? .preinstalled
        if options.hasPackageParameters {
            source = .url(try PackageURL(Self.standInURL), try Digest(Self.standInDigest))
            references += [
                Reference(standIn: Self.standInURL, text: names.packageURL),
                Reference(standIn: Self.standInDigest, text: names.packageDigest),
            ]
        }
        var userData = try UserData(
            configuration: configuration,
            source: source,
            powersOffOnFailure: options.powersOffOnFailure
        )
        userData.isBrief = language == .cloudformation
        // A script is shorter than the cloud-config that contains it, and both go into one file of limited size.
        userData.appendedParts = options.appendedParts
        let alone: UserDataFormat = source == .preinstalled ? .cloudConfig : .shell
        let format = options.appendedParts.isEmpty ? alone : .mime
        let text = try userData.text(format: format, language: language)
        return references.reduce(text) { $0.replacing($1.standIn, with: $1.text) }
    }
}

extension StackOptions {
    /// Address and digest are given at deploy time, unless the package comes another way.
    var hasPackageParameters: Bool {
        switch source {
        case .url, nil: true
        case .apt, .preinstalled: false
        }
    }
}
