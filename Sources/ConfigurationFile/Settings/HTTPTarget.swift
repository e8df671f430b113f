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

    /// - Returns: nil for another scheme, and for a name: only addresses and `localhost` are asked, so that no resolver is.
    package init?(_ text: String) {
        guard let parts = URLComponents(string: text), parts.scheme?.lowercased() == "http", let host = parts.host,
            parts.user == nil, parts.password == nil, parts.fragment == nil
        else { return nil }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        let address = bare.lowercased() == "localhost" ? "127.0.0.1" : bare
        let port = parts.port ?? 80
        guard ListenAddress.isAddress(address), (1...65_535).contains(port) else { return nil }
        self.host = address
        self.port = port
        let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
        self.path = path + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
    }

    package var description: String {
        "http://\(host.contains(":") ? "[\(host)]" : host)\(port == 80 ? "" : ":\(port)")\(path)"
    }
}
