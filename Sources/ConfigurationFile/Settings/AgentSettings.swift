/// The `[agent]` table: what is common to all volumes; nil means "not given", and a flag or variable wins over it.
package struct AgentSettings: Hashable, Sendable {
    /// One of ``logFormats``.
    package var logFormat: String?
    /// One of ``logLevels``, those of swift-log.
    package var logLevel: String?
    /// Whether important lines are shown on the console too.
    package var logConsole: Bool?
    /// The URL of IMDS, as in the AWS SDKs' `AWS_EC2_METADATA_SERVICE_ENDPOINT`.
    package var metadataEndpoint: String?
    /// `IPv4` or `IPv6`, as in `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`.
    package var metadataEndpointMode: String?
    /// As in `AWS_EC2_METADATA_DISABLED`.
    package var metadataDisabled: Bool?

    package init() {}

    package static let logFormats = ["auto", "text", "terminal", "json", "journal"]
    package static let logLevels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
    package static let metadataEndpointModes = ["IPv4", "IPv6"]

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case logFormat = "log-format"
        case logLevel = "log-level"
        case logConsole = "log-console"
        case metadataEndpoint = "metadata-endpoint"
        case metadataEndpointMode = "metadata-endpoint-mode"
        case metadataDisabled = "metadata-disabled"
    }
}
