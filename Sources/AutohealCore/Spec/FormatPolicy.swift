/// When a device may be formatted.
package enum FormatPolicy: String, CaseIterable, Sendable, Codable {
    /// Only when nothing is recognised and every byte that a survey reads is zero.
    case ifBlank = "if-blank"
    /// When nothing is recognised, even if other bytes are not zero: for volumes that were used raw and may be lost.
    case ifNoSignature = "if-no-signature"
    case never
}
