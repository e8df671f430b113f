package import NetworkAddress

/// Where IMDS listens: an address, a port and what stands before every path.
package struct MetadataEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 or IPv6 address, without brackets.
    package let address: String
    package let port: Int
    /// Empty, or begins with a slash and does not end with one.
    package let pathPrefix: String

    /// The link-local address of IMDS.
    package static let ipv4 = MetadataEndpoint(address: "169.254.169.254", port: 80, pathPrefix: "")
    /// The unique local address of IMDS, on Nitro instances only.
    package static let ipv6 = MetadataEndpoint(address: "fd00:ec2::254", port: 80, pathPrefix: "")

    private init(address: String, port: Int, pathPrefix: String) {
        self.address = address
        self.port = port
        self.pathPrefix = pathPrefix
    }

    /// Takes `http://ADDRESS[:PORT][/PREFIX][/]`, as an ``HTTPTarget`` is.
    package init(url: String) throws(HTTPTarget.Problem) {
        // Asked for as it is written, or not at all.
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .malformed }
        let target = try HTTPTarget(url)
        guard !target.path.contains("?") else { throw .unexpectedPart }
        address = target.host
        port = target.port
        pathPrefix = String(target.path.reversed().drop { $0 == "/" }.reversed())
    }

    /// The address as it stands in a URL, with its port.
    var authority: String {
        address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    }

    package var description: String { "http://\(authority)\(pathPrefix)" }
}
