import NIOCore

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

    /// Parses `http://ADDRESS[:PORT][/PREFIX][/]`, an IPv6 address in brackets, `localhost` meaning 127.0.0.1.
    ///
    /// Other names are refused: a resolver that is not up yet may hang for longer than the agent works.
    package init(url: String) throws(MetadataURLProblem) {
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .unprintable }
        let scheme = "http://"
        guard url.lowercased().hasPrefix(scheme) else {
            throw url.lowercased().hasPrefix("https://") ? .encrypted : .notHTTP
        }
        let rest = url.dropFirst(scheme.count)
        guard !rest.contains(where: { "?#@".contains($0) }) else { throw .unexpectedPart }
        let authority = rest.prefix { $0 != "/" }
        var prefix = rest[authority.endIndex...]
        while prefix.last == "/" { prefix.removeLast() }
        (address, port) = try Self.split(authority)
        pathPrefix = String(prefix)
    }

    /// Separates the address from the port, 80 when none is given.
    private static func split(_ authority: Substring) throws(MetadataURLProblem) -> (String, Int) {
        let host: Substring
        let rest: Substring
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { throw .badAddress }
            host = authority[..<end].dropFirst()
            rest = authority[authority.index(after: end)...]
            guard host.contains(":") else { throw .badAddress }
        } else {
            host = authority.prefix { $0 != ":" }
            rest = authority[host.endIndex...]
        }
        let address = host.lowercased() == "localhost" ? "127.0.0.1" : String(host)
        guard (try? SocketAddress(ipAddress: address, port: 0)) != nil else { throw .badAddress }
        return (address, try port(rest))
    }

    private static func port(_ text: Substring) throws(MetadataURLProblem) -> Int {
        guard let colon = text.first else { return 80 }
        let digits = text.dropFirst()
        guard colon == ":", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(digits), (1...65535).contains(port)
        else { throw .badPort }
        return port
    }

    /// The address as it stands in a URL, with its port.
    var authority: String {
        address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    }

    package var description: String { "http://\(authority)\(pathPrefix)" }
}
