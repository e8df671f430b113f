/// Where an instance gets the agent from.
package enum PackageSource: Hashable, Sendable {
    /// An immutable object with a pinned digest.
    case url(PackageURL, Digest)
    case apt(AptSource)
    /// The image has the package.
    case preinstalled

    var files: [UserDataFile] {
        if case .apt(let source) = self { source.files } else { [] }
    }
}
