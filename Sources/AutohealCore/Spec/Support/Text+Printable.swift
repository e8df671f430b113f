extension String {
    /// Fit for one line on a terminal: a label is what somebody wrote on a disk, so what could end the line, move the cursor or
    /// reorder what is shown is escaped.
    package var printable: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            text += Self.isDangerous(scalar) ? scalar.escaped(asASCII: true) : String(scalar)
        }
    }

    private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: true
        default: false
        }
    }
}
