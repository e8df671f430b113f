package import AutohealSpec

extension AgentSettings {
    /// Every value that cannot be.
    package var errors: [ConfigurationError] {
        [
            Self.error("log-format", logFormat, allowed: Self.logFormats),
            Self.error("log-level", logLevel, allowed: Self.logLevels),
            Self.error("metadata-endpoint-mode", metadataEndpointMode, allowed: Self.metadataEndpointModes),
            metadataEndpoint.flatMap(Self.endpointError),
        ].compactMap(\.self)
    }

    private static func error(_ key: String, _ found: String?, allowed: [String]) -> ConfigurationError? {
        guard let found, !allowed.contains(found) else { return nil }
        let problem = "is not one of \(allowed.joined(separator: ", "))" + suggestion(for: found, from: allowed)
        return ConfigurationError(key: key, found: found, problem: problem)
    }

    /// The shape only: whether the address can be reached is the metadata client's matter.
    private static func endpointError(_ url: String) -> ConfigurationError? {
        let scheme = "http://"
        let isPrintable = url.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard url.lowercased().hasPrefix(scheme), url.count > scheme.count, isPrintable else {
            return ConfigurationError(
                key: "metadata-endpoint",
                found: url,
                problem: "is not http://ADDRESS[:PORT][/PREFIX], for example http://127.0.0.1:1338"
            )
        }
        return nil
    }
}
