import AutohealState
import Blkid

extension Signature {
    init(_ values: BlkidValues) {
        self = values.type == nil ? Signature(partitionTable: values) : Signature(superblock: values)
    }

    init(superblock values: BlkidValues) {
        self.init(
            type: values.type ?? "unknown",
            usage: values.usage ?? "other",
            offset: values.superblockOffset,
            label: values.label,
            uuid: values.uuid,
            version: values.version
        )
    }

    init(partitionTable values: BlkidValues) {
        self.init(
            type: values.partitionTable ?? "unknown",
            usage: "partition-table",
            offset: values.partitionTableOffset,
            uuid: values.partitionTableUUID
        )
    }
}
