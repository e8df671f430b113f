/// An environment variable of the AWS SDKs with a value that cannot be followed.
package struct MetadataSettingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name of the environment variable.
    package var variable: String
    /// Its value, with everything but printable ASCII replaced and cut after 128 characters.
    package var value: String
    package var problem: String
    /// What would be right.
    package var allowed: String

    package init(variable: String, value: String, problem: String, allowed: String) {
        self.variable = variable
        let printable = value.unicodeScalars.map { (0x20...0x7E).contains($0.value) ? Character($0) : "?" }
        self.value = String(printable.prefix(128))
        self.problem = problem
        self.allowed = allowed
    }

    package var description: String {
        "\(variable)='\(value)' \(problem). Allowed: \(allowed)."
    }
}

/// Why a text is no address of a metadata service.
package enum MetadataURLProblem: Error, Hashable, Sendable, CustomStringConvertible {
    case notHTTP
    case encrypted
    case unprintable
    case unexpectedPart
    case badAddress
    case badPort

    package var description: String {
        switch self {
        case .notHTTP: "does not begin with http://"
        case .encrypted: "begins with https://, but the metadata service speaks plain HTTP only"
        case .unprintable: "contains a space, a control character or a letter outside ASCII"
        case .unexpectedPart: "has a user, a query or a fragment, which mean nothing here"
        case .badAddress: "names no host by its IPv4 address, its IPv6 address in brackets, or localhost"
        case .badPort: "has a port that is not a number from 1 to 65535"
        }
    }
}
