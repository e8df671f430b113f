#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// An IP address and a port: `0.0.0.0:9465`, `[::]:9465`.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// Without brackets.
    package let host: String
    package let port: Int

    /// - Returns: nil for what is no address: names are not resolved, so that nothing depends on a resolver at boot.
    package init?(_ text: String) {
        // Digits only: UInt16 would take a sign, too.
        guard let colon = text.lastIndex(of: ":"),
            text[colon...].dropFirst().utf8.allSatisfy({ (48...57).contains($0) }),
            let port = UInt16(text[colon...].dropFirst())
        else { return nil }
        let host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        let address = String(isBracketed ? host.dropFirst().dropLast() : host)
        guard isBracketed == address.contains(":"), Self.isAddress(address) else { return nil }
        self.host = address
        self.port = Int(port)
    }

    /// Whether a text is an IPv4 or an IPv6 address (inet_pton(3)).
    static func isAddress(_ text: String) -> Bool {
        var bytes = in6_addr()
        return inet_pton(AF_INET, text, &bytes) == 1 || inet_pton(AF_INET6, text, &bytes) == 1
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
