/// Something libblkid recognised on a device.
package struct Signature: Hashable, Sendable, Codable {
    /// For example `ext4`, `LVM2_member`, `gpt`.
    package var type: String
    /// libblkid's USAGE (`filesystem`, `raid`, `crypto`, `other`), or `partition-table`.
    package var usage: String
    /// Bytes from the start of the device to the magic, where known.
    package var offset: UInt64?
    package var label: String?
    package var uuid: String?
    package var version: String?

    package init(
        type: String,
        usage: String,
        offset: UInt64? = nil,
        label: String? = nil,
        uuid: String? = nil,
        version: String? = nil
    ) {
        self.type = type
        self.usage = usage
        self.offset = offset
        self.label = label
        self.uuid = uuid
        self.version = version
    }
}
