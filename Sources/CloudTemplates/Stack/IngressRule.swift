/// What may come in at the instance.
package struct IngressRule: Hashable, Sendable {
    let ports: ClosedRange<Int>
    let networkProtocol: String
    let source: NetworkPeer
    /// What a security group shows beside it.
    let description: String

    init(ports: ClosedRange<Int>, networkProtocol: String = "tcp", source: NetworkPeer, description: String) {
        self.ports = ports
        self.networkProtocol = networkProtocol
        self.source = source
        self.description = description
    }

    /// Whether it is the same but for its description.
    func letsIn(the other: IngressRule) -> Bool {
        (ports, networkProtocol, source) == (other.ports, other.networkProtocol, other.source)
    }

    /// - Parameter text: `PORT[-PORT][/udp]=SOURCE`.
    package init(_ text: String) throws(GenerationError) {
        guard let match = text.wholeMatch(of: /([0-9]{1,5})(?:-([0-9]{1,5}))?(?:\/(tcp|udp))?=(.+)/),
            let first = UInt16(match.1), let last = UInt16(match.2 ?? match.1), first > 0, first <= last
        else {
            throw GenerationError(
                "'\(text)' does not say what may come in: write PORT=SOURCE, such as 443=0.0.0.0/0 or 5432=sg-0123456789abcdef0; "
                    + "8000-8010/udp=10.0.0.0/16 is right, too."
            )
        }
        let source = try NetworkPeer(String(match.4), allowsEverybody: !(first...last).contains(22))
        self.init(
            ports: Int(first)...Int(last),
            networkProtocol: match.3.map(String.init) ?? "tcp",
            source: source,
            description: "Application"
        )
    }
}

/// From where something may come.
package enum NetworkPeer: Hashable, Sendable {
    /// An IPv4 range.
    case range(String)
    /// The id of a security group.
    case group(String)

    package init(_ text: String, allowsEverybody: Bool = false) throws(GenerationError) {
        if text.hasPrefix("sg-") {
            guard text.wholeMatch(of: /sg-[0-9a-f]+/) != nil else {
                throw GenerationError("'\(text)' is no security group such as sg-0123456789abcdef0.")
            }
            self = .group(text)
        } else {
            try Self.checkRange(text, allowsEverybody: allowsEverybody)
            self = .range(text)
        }
    }

    static func checkRange(_ text: String, allowsEverybody: Bool = false) throws(GenerationError) {
        let parts = text.wholeMatch(of: /((?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3})\/(0|[1-9][0-9]?)/)?
            .output
        let bytes = parts?.1.split(separator: ".").compactMap { UInt8($0) } ?? []
        guard bytes.count == 4, let length = parts.flatMap({ Int($0.2) }), (0...32).contains(length) else {
            throw GenerationError("'\(text)' is not an IPv4 range such as 192.0.2.0/24.")
        }
        let address = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard length == 32 || address << length == 0 else {
            throw GenerationError(
                "'\(text)' is the address of a host with the length of a range: with \(length) bits, the rest must be 0."
            )
        }
        // No private range is larger (RFC 1918).
        guard length >= 8 || allowsEverybody else {
            throw GenerationError(
                "'\(text)' is as good as the whole internet, to which SSH and health are not opened: name the range that may "
                    + "come in."
            )
        }
    }
}
