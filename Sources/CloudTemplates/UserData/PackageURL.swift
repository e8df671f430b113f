/// Where the package is downloaded from: an address without secrets that stays valid for as long as instances heal.
package struct PackageURL: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// Query parameters that carry a signature, a key or a token: of S3 and CloudFront, Google Cloud Storage, Azure
    /// Blob Storage, GitLab and GitHub.
    private static let secretParameters = [
        "x-amz-signature", "x-amz-credential", "x-amz-security-token", "signature", "awsaccesskeyid", "policy",
        "key-pair-id", "x-goog-signature", "x-goog-credential", "googleaccessid", "sig", "token", "access_token",
        "private_token", "private-token", "auth", "authorization", "password", "secret", "apikey", "api_key", "key",
    ]

    package init(_ text: String) throws(GenerationError) {
        try self.init(text, what: "package URL")
    }

    init(_ text: String, what: String) throws(GenerationError) {
        let scheme = text.prefix { $0 != ":" }.lowercased()
        guard ["https", "http"].contains(scheme), text.dropFirst(scheme.count).hasPrefix("://") else {
            throw GenerationError(
                "The \(what) '\(text)' must begin with https:// (or http://): s3:// needs credentials, and an instance "
                    + "of this stack has none."
            )
        }
        let rest = text.dropFirst(scheme.count + 3)
        let authority = rest.prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else {
            throw GenerationError(
                "The \(what) contains a user name or password. User data can be read by every process of the instance "
                    + "and by everyone who may describe it: publish the package where it can be read without a secret."
            )
        }
        // Everything else is legal in no URL, or means something to a shell, a template or apt.
        let punctuation = Set("-._~:/?&=%+,;@!*()[]".utf8)
        guard !authority.isEmpty, authority.first != ":",
            text.utf8.allSatisfy({ byte in
                let isLetter = (65...90).contains(byte) || (97...122).contains(byte)
                return isLetter || (48...57).contains(byte) || punctuation.contains(byte)
            })
        else {
            throw GenerationError(
                "'\(text)' is not a usable \(what): spaces, quotes, '$', '#' and other special characters must be "
                    + "percent-encoded, and a host must be named."
            )
        }
        try Self.refuseSecrets(in: text, what: what)
        description = text
    }

    private static func refuseSecrets(in text: String, what: String) throws(GenerationError) {
        guard let query = text.split(separator: "?", maxSplits: 1).dropFirst().first else { return }
        let names = query.split(separator: "&").map { $0.prefix { $0 != "=" }.lowercased() }
        guard let secret = names.first(where: secretParameters.contains) else { return }
        throw GenerationError(
            "The \(what) contains '\(secret)', so it is pre-signed or carries a token. The same user data runs on every "
                + "instance that the group launches, also months from now; a pre-signed URL expires after 7 days at "
                + "most, and the next instance would come up without its volume. Use the address of an immutable object "
                + "that can be read without a signature (its SHA-256 digest protects it), an apt source, or an image "
                + "that has the package."
        )
    }
}
