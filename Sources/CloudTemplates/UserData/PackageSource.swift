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

/// A SHA-256 digest in hexadecimal digits, as sha256sum(1) prints it.
package struct Digest: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ text: String) throws(GenerationError) {
        let digits = text.lowercased()
        guard digits.utf8.count == 64, digits.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else {
            throw GenerationError(
                "'\(text)' is not a SHA-256 digest: give the 64 hexadecimal digits that 'sha256sum FILE' prints."
            )
        }
        description = digits
    }
}
