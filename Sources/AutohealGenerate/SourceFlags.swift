import ArgumentParser
import CloudTemplates
import Foundation

/// Where an instance gets the package from: exactly one way.
struct SourceFlags: ParsableArguments {
    @Option(
        name: .customLong("package-url"),
        help: ArgumentHelp("An immutable object to download the .deb from, https://...", valueName: "url")
    )
    var packageURL: String?

    @Option(help: ArgumentHelp("The digest that the downloaded .deb must have.", valueName: "digest"))
    var packageSha256: String?

    @Option(help: ArgumentHelp("A signed apt repository: 'URI SUITE COMPONENT...'.", valueName: "source"))
    var aptSource: String?

    @Option(help: ArgumentHelp("The file with the repository's ASCII-armoured public key.", valueName: "file"))
    var aptKey: String?

    @Option(help: ArgumentHelp("The version to install from the apt repository.", valueName: "version"))
    var packageVersion: String?

    @Flag(help: "The image has the package.")
    var preinstalled = false

    func validate() throws {
        guard [packageURL != nil, aptSource != nil, preinstalled].count(where: \.self) <= 1 else {
            throw ValidationError("Give one of --package-url, --apt-source and --preinstalled: an instance needs one.")
        }
        guard packageSha256 == nil || packageURL != nil else {
            throw ValidationError("--package-sha256 belongs to --package-url.")
        }
        guard (aptKey == nil && packageVersion == nil) || aptSource != nil else {
            throw ValidationError("--apt-key and --package-version belong to --apt-source.")
        }
    }

    /// - Returns: nil if none of the flags was given.
    func source() throws -> PackageSource? {
        if preinstalled { return .preinstalled }
        if let packageURL {
            let url = try PackageURL(packageURL)
            guard let packageSha256 else {
                let way =
                    packageURL.lowercased().hasPrefix("http://")
                    ? "over http nobody knows who sent it"
                    : "an address alone does not say what is there months from now"
                throw GenerationError(
                    "A package URL needs --package-sha256: every instance installs what it finds there as root, and \(way). "
                        + "Take the digest with 'sha256sum FILE' where the package was built."
                )
            }
            return .url(url, try Digest(packageSha256))
        }
        guard let aptSource else { return nil }
        guard let aptKey else {
            throw GenerationError(
                "An apt source needs --apt-key: without the key, apt cannot tell who signed the packages."
            )
        }
        let key = try TextFile(path: aptKey).text
        return .apt(try AptSource(source: aptSource, key: key, version: packageVersion ?? ""))
    }
}
