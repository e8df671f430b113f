#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What is asked over plain HTTP: `http://127.0.0.1:8080/ready`.
package struct HTTPTarget: Hashable, Sendable, CustomStringConvertible {
    /// An IP address, without brackets.
    package let host: String
    package let port: Int
    /// With the query, if there is one.
    package let path: String

    /// - Throws: for another scheme, and for a name: only addresses and `localhost` are asked, so that no resolver is, which may
    ///   not be up yet and hang for longer than the agent works.
    package init(_ text: String) throws(Problem) {
        guard let parts = URLComponents(string: text) else { throw .malformed }
        let scheme = parts.scheme?.lowercased()
        guard scheme != "https" else { throw .encrypted }
        guard scheme == "http", let host = parts.host else { throw .notHTTP }
        guard parts.user == nil, parts.password == nil, parts.fragment == nil else { throw .unexpectedPart }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        let address = bare.lowercased() == "localhost" ? "127.0.0.1" : bare
        guard ListenAddress.isAddress(address), (bare != host) == address.contains(":") else { throw .badAddress }
        // A number that is none of Int's is no port to URLComponents, and must not become 80.
        let hasPort = parts.rangeOfPort.map { !$0.isEmpty } ?? false
        guard let port = parts.port ?? (hasPort ? nil : 80), (1...65_535).contains(port) else { throw .badPort }
        self.host = address
        self.port = port
        let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
        self.path = path + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
    }

    package var description: String {
        "http://\(host.contains(":") ? "[\(host)]" : host)\(port == 80 ? "" : ":\(port)")\(path)"
    }

    /// Why a text is none.
    package enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        case malformed
        case notHTTP
        case encrypted
        case unexpectedPart
        case badAddress
        case badPort

        package var description: String {
            switch self {
            case .malformed: "cannot be read as a URL"
            case .notHTTP: "does not begin with http://"
            case .encrypted: "begins with https://, but only plain HTTP is spoken here"
            case .unexpectedPart: "has a user, a query or a fragment, which mean nothing here"
            case .badAddress: "names no host by its IPv4 address, its IPv6 address in brackets, or localhost"
            case .badPort: "has a port that is not a number from 1 to 65535"
            }
        }
    }
}
