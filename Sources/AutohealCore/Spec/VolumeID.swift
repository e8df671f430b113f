/// An EBS volume id, `vol-` and 8 or 17 hexadecimal digits (AWS: EC2 resource ids).
package struct VolumeID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// Accepts `vol-0123456789abcdef0`; letters may be of either case.
    package init?(_ text: String) {
        guard text.lowercased().hasPrefix("vol-") else { return nil }
        self.init(digits: text.dropFirst(4))
    }

    /// The id that an EBS volume's NVMe serial number carries: `vol` and the digits, without the dash.
    package init?(nvmeSerial text: String) {
        guard text.lowercased().hasPrefix("vol") else { return nil }
        let rest = text.dropFirst(3)
        self.init(digits: rest.first == "-" ? rest.dropFirst() : rest)
    }

    private init?(digits: Substring) {
        let digits = digits.lowercased()
        guard digits.count == 8 || digits.count == 17,
            digits.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else { return nil }
        description = "vol-" + digits
    }
}
