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
