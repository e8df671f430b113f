/// A tag of every resource and of the instances.
package struct StackTag: Hashable, Sendable {
    package let key: String
    package let value: String

    init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    /// - Parameter text: `KEY=VALUE`.
    package init(_ text: String) throws(GenerationError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw GenerationError("'\(text)' is not a tag: write KEY=VALUE.")
        }
        key = parts[0]
        value = parts[1]
        // What all that is tagged accepts. AWS, "View tags using instance metadata": with tags in IMDS, an instance with
        // a space, a slash or a letter beyond ASCII in a key is not launched. IAM API, "Tag": a role takes no comma.
        guard key.utf8.count <= 128, key.wholeMatch(of: /[A-Za-z0-9+\-=._:@]+/) != nil,
            ![".", "..", "_index"].contains(key)
        else {
            throw GenerationError(
                "The key of the tag '\(text)' may consist of letters, digits and +-=._:@ only: the instance reads its "
                    + "tags from the metadata service, and would not be launched with another key."
            )
        }
        let ours = ["name", StackConstant.healthPortTag, StackConstant.healthCheckTag, StackConstant.snapshotTag]
        guard !key.lowercased().hasPrefix("aws:"), !ours.contains(key.lowercased()) else {
            throw GenerationError("The tag '\(key)' is set by AWS or by the stack itself.")
        }
        // IAM API, "Tag".
        guard value.unicodeScalars.count <= 256,
            value.wholeMatch(of: /[\p{L}\p{Z}\p{N}_.:\/=+\-@]*/) != nil
        else {
            throw GenerationError(
                "The value of the tag '\(text)' may have 256 letters, digits, spaces and _.:/=+-@ at most."
            )
        }
    }
}
