extension String {
    /// Fit for one line on a terminal: a label is what somebody wrote on a disk, so control characters are escaped.
    package var printable: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            let isControl = scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
            text += isControl ? scalar.escaped(asASCII: true) : String(scalar)
        }
    }
}
