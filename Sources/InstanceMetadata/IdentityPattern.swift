/// What a value from IMDS must look like to be believed: it ends up in logs, and nothing proves who answered.
enum IdentityPattern {
    /// A prefix, then 8 or 17 hexadecimal digits in lower case (AWS: EC2 resource ids).
    case resourceID(prefix: String)
    /// 1 to 64 of lower case letters, digits, dots and dashes: types, zones and regions.
    case code
    /// 12 digits.
    case accountID
    /// 1 to 256 printable ASCII characters: the value of a tag.
    case tagValue
    /// 1 to 1024 printable ASCII characters without a space: it becomes a header.
    case token

    func matches(_ text: String) -> Bool {
        let bytes = text.utf8
        return switch self {
        case .resourceID(let prefix):
            text.hasPrefix(prefix)
                && [8, 17].contains(bytes.count - prefix.utf8.count)
                && bytes.dropFirst(prefix.utf8.count).allSatisfy(Self.isLowerHexDigit)
        case .code: (1...64).contains(bytes.count) && bytes.allSatisfy(Self.isCode)
        case .accountID: bytes.count == 12 && bytes.allSatisfy(Self.isDigit)
        case .tagValue: (1...256).contains(bytes.count) && bytes.allSatisfy { (0x20...0x7E).contains($0) }
        case .token: (1...1024).contains(bytes.count) && bytes.allSatisfy { (0x21...0x7E).contains($0) }
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isLowerHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    private static func isCode(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
}

extension String {
    /// The text itself if it looks as it must, else nothing.
    func matching(_ pattern: IdentityPattern) -> String? {
        pattern.matches(self) ? self : nil
    }
}
