/// systemd's name of the mount at an absolute path, as `systemd-escape --path --suffix=mount` makes it (systemd.unit(5)).
package func mountUnit(at path: String) -> String { "\(escapedPath(path)).mount" }

/// `systemd-escape --path`.
func escapedPath(_ path: String) -> String {
    let parts = path.utf8.split(separator: UInt8(ascii: "/"))
    guard !parts.isEmpty else { return "-" }
    return parts.enumerated().map { index, part in
        part.enumerated().map { offset, byte in
            let isLeadingDot = byte == UInt8(ascii: ".") && index == 0 && offset == 0
            return isPlain(byte) && !isLeadingDot ? String(Unicode.Scalar(byte)) : escaped(byte)
        }.joined()
    }.joined(separator: "-")
}

private func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "."): true
    default: false
    }
}

private func escaped(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return "\\x" + (digits.utf8.count == 1 ? "0" : "") + digits
}
