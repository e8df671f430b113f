import AutohealState

extension ContentReader {
    /// Whether the journal of a mounted ext3 or ext4 was aborted: Linux 6.1 and 6.12 say so nowhere else until somebody writes.
    /// What is read is what the kernel has in its cache, also where the device takes no write any more.
    func journalWasAborted() throws(TransferError) -> Bool {
        guard let superblock = try extSuperblock(), var place = superblock.journal else { return false }
        let blockSize = UInt64(superblock.blockSize)
        for _ in 0...Ext4Journal.maximumDepth {
            let (block, isJournal) =
                switch place {
                case .journal(let block): (block, true)
                case .node(let block): (block, false)
                }
            guard block > 0, block < reader.size / blockSize else { return false }
            let start = block * blockSize
            let bytes = try reader.read(start..<start + UInt64(Ext4Journal.length))
            if isJournal { return Ext4Journal.error(superblock: bytes).map { $0 != 0 } ?? false }
            guard let next = Ext4Journal.place(node: bytes) else { return false }
            place = next
        }
        return false
    }
}

extension MountPointState.Mount {
    /// Takes it for faulty if its journal says so; a mount that cannot be written to has nothing to abort.
    mutating func noteJournal(_ content: ContentReader) {
        guard fault == nil, !isReadOnly, (try? content.journalWasAborted()) == true else { return }
        fault = .journalAborted
    }
}
