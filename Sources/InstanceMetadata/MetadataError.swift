/// A request to IMDS that brought nothing: what was asked, of whom, and why it failed.
package struct MetadataError: Error, Hashable, Sendable, CustomStringConvertible {
    package var resource: MetadataResource
    package var endpoint: MetadataEndpoint
    package var cause: Cause

    package init(resource: MetadataResource, endpoint: MetadataEndpoint, cause: Cause) {
        self.resource = resource
        self.endpoint = endpoint
        self.cause = cause
    }

    /// True when asking again cannot help: the service is there and says that it is disabled.
    package var isFinal: Bool { cause == .status(403) }

    package var description: String {
        "Cannot read \(resource) from \(endpoint): \(cause)."
    }
}
