/// The values of one probing result, under the library's names (libblkid reference manual, "Superblocks probing",
/// "Partitions probing").
package struct BlkidValues: Hashable, Sendable {
    /// TYPE
    package var type: String?
    /// USAGE: `filesystem`, `raid`, `crypto` or `other`.
    package var usage: String?
    /// LABEL
    package var label: String?
    /// UUID
    package var uuid: String?
    /// VERSION
    package var version: String?
    /// SBMAGIC_OFFSET, bytes
    package var superblockOffset: UInt64?
    /// SBBADCSUM
    package var hasBadChecksum = false
    /// PTTYPE
    package var partitionTable: String?
    /// PTUUID
    package var partitionTableUUID: String?
    /// PTMAGIC_OFFSET, bytes
    package var partitionTableOffset: UInt64?
}
