/// One volume as a person writes it: every flag of `mount`, under the same name, not yet checked.
///
/// The command line, the configuration file and the generator share this type; nil means "not given".
package struct VolumeSettings: Hashable, Sendable, Codable {
    package var device: String?
    package var mountPoint: String?
    package var tries: Int?
    /// Seconds.
    package var interval: Double?
    package var volumeID: String?
    package var filesystem: String?
    package var label: String?
    package var options: String?
    package var format: String?
    package var owner: String?
    package var mode: String?
    package var grow: Bool?
    package var check: Bool?
    package var mkfsOptions: [String]?

    package init() {}

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case device
        case mountPoint = "mount-point"
        case tries
        case interval
        case volumeID = "volume-id"
        case filesystem
        case label
        case options
        case format
        case owner
        case mode
        case grow
        case check
        case mkfsOptions = "mkfs-options"
    }
}
