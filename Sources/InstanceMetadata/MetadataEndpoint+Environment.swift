import NetworkAddress

extension MetadataEndpoint {
    /// The endpoint that the variables of the AWS SDKs ask for; none if they disable it.
    ///
    /// Follows the AWS SDKs and Tools Reference Guide, "IMDS client": an endpoint wins over a mode, an empty value
    /// counts as unset. Stricter in one point: whether it is disabled must be said with `true` or `false`, since
    /// whoever writes `1` or `yes` does not mean the opposite.
    package static func fromEnvironment(
        _ environment: [String: String]
    ) throws(MetadataSettingError) -> MetadataEndpoint? {
        func value(_ variable: String) -> String? {
            environment[variable].flatMap { $0.isEmpty ? nil : $0 }
        }

        if let disabled = value(Variable.disabled), disabled.lowercased() != "false" {
            guard disabled.lowercased() == "true" else {
                throw MetadataSettingError(
                    variable: Variable.disabled,
                    value: disabled,
                    problem: "is not a truth value",
                    allowed: "true or false, in letters of any case"
                )
            }
            return nil
        }

        if let url = value(Variable.endpoint) {
            do {
                return try MetadataEndpoint(url: url)
            } catch {
                throw MetadataSettingError(
                    variable: Variable.endpoint,
                    value: url,
                    problem: error.description,
                    allowed: "http://ADDRESS[:PORT][/PREFIX], for example http://127.0.0.1:1338 or http://[::1]"
                )
            }
        }

        guard let mode = value(Variable.mode) else { return .ipv4 }
        switch mode.lowercased() {
        case "ipv4": return .ipv4
        case "ipv6": return .ipv6
        default:
            throw MetadataSettingError(
                variable: Variable.mode,
                value: mode,
                problem: "is not a mode",
                allowed: "IPv4 or IPv6, in letters of any case"
            )
        }
    }

    private enum Variable {
        static let disabled = "AWS_EC2_METADATA_DISABLED"
        static let endpoint = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
        static let mode = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"
    }
}
