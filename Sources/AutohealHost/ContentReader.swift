package import AutohealCore
import Blkid
import FoundationEssentials
package import SystemPackage

/// Finds out what is on a device: libblkid first, and where that finds nothing, the bytes themselves.
package struct ContentReader: Sendable {
    private let reader: DeviceReader

    package init(_ reader: DeviceReader) { self.reader = reader }

    package func content() -> DeviceContent {
        do throws(ReadError) {
            try refresh()
            reader.prefetchForProbe()
            let first = try probe()
            guard case .nothing = first else { return try content(of: first) }

            // Nothing, it says. Read everything anew, the probed places too, and ask a second time.
            try refresh()
            let samples = BlanknessSamples(deviceSize: reader.size)
            reader.prefetchForProbe()
            reader.prefetch(samples.all)
            let findings = try read(samples)
            let second = try probe()
            guard case .nothing = second else { return try content(of: second) }
            return findings.content
        } catch {
            return error.content
        }
    }

    /// Every signature, for people.
    package func signatures() throws(Errno) -> [Signature] {
        try BlkidProbe().signatures(reader.descriptor).map { Signature($0) }
    }

    /// Whether the device has an ext4 of this UUID now: its superblock is read from the device itself, and libblkid finds
    /// it too. What mkfs left in the page cache stays there, for the mount to use.
    func holdsExt4(_ uuid: UUID) throws(ReadError) -> Bool {
        let head = try reader.readHeadFromDevice(count: Int(Ext4Superblock.offset) + Ext4Superblock.length * 3)
        let superblock = Ext4Superblock(bytes: Array(head.dropFirst(Int(Ext4Superblock.offset))))
        guard let superblock, superblock.hasValidChecksum,
            withUnsafeBytes(of: uuid.uuid, { $0.elementsEqual(superblock.uuid) }),
            case .found(let values) = try probe(only: .ext4)
        else { return false }
        return values.type == FilesystemType.ext4.rawValue && values.uuid == uuid.text
    }

    func marker() throws(ReadError) -> IntentMarker? {
        guard let offset = IntentMarker.offset(deviceSize: reader.size) else { return nil }
        let block = try reader.read(offset..<offset + UInt64(IntentMarker.blockSize))
        return IntentMarker(block: block, deviceSize: reader.size)
    }

    private func refresh() throws(ReadError) {
        do { try reader.dropCache() } catch { throw .failed(error, offset: 0) }
    }

    private func probe(only type: FilesystemType? = nil) throws(ReadError) -> BlkidProbe.Finding {
        do throws(Errno) {
            let finding = try BlkidProbe().identify(reader.descriptor, onlySuperblock: type?.rawValue)
            if case .failed(let errno) = finding { throw errno }
            return finding
        } catch {
            throw .failed(error, offset: 0)
        }
    }

    private func content(of finding: BlkidProbe.Finding) throws(ReadError) -> DeviceContent {
        switch finding {
        case .nothing, .failed: .unreadable(.ioError, offset: nil)
        case .ambivalent: .ambivalent((try? signatures()) ?? [])
        case .found(let values): try content(of: values)
        }
    }

    private func content(of values: BlkidValues) throws(ReadError) -> DeviceContent {
        if values.partitionTable != nil { return .partitionTable(Signature(partitionTable: values)) }
        guard let type = values.type else { return .ambivalent([]) }
        if values.hasBadChecksum { return .damaged(.badChecksum(type: type)) }
        // libblkid calls a member of a ZFS pool a file system.
        guard values.usage == "filesystem", !type.hasSuffix("_member") else {
            var signature = Signature(superblock: values)
            if signature.usage == "filesystem" { signature.usage = "raid" }
            return .other(signature)
        }
        let filesystem = FilesystemType(rawValue: type)
        let superblock = filesystem.isExt ? try extSuperblock() : nil
        // libblkid looks at the checksum of ext file systems from 2.39 on only.
        if superblock?.hasValidChecksum == false { return .damaged(.badChecksum(type: type)) }
        return .filesystem(
            DeviceContent.Filesystem(
                type: filesystem,
                label: values.label,
                uuid: values.uuid,
                size: try size(of: filesystem),
                leftoverMarker: try marker()
            )
        )
    }

    /// Bytes, as the superblock of a file system of this type says; nil where the agent cannot tell.
    func size(of type: FilesystemType) throws(ReadError) -> UInt64? {
        guard let place = type.superblockPlace, place.upperBound <= reader.size else { return nil }
        return type.size(superblock: try reader.read(place))
    }

    /// The primary one.
    func extSuperblock() throws(ReadError) -> Ext4Superblock? {
        let offset = Ext4Superblock.offset
        return Ext4Superblock(bytes: try reader.read(offset..<offset + UInt64(Ext4Superblock.length)))
    }

    private func read(_ samples: BlanknessSamples) throws(ReadError) -> SampleFindings {
        var findings = SampleFindings()
        findings.marker = try marker()
        let marker = findings.marker.flatMap { _ in IntentMarker.offset(deviceSize: reader.size) }
        for range in samples.ends + samples.backups {
            for piece in range.excluding(marker.map { $0..<$0 + UInt64(IntentMarker.blockSize) }) {
                let data = try reader.firstData(in: piece)
                findings.firstData = [findings.firstData, data].compactMap { $0 }.min()
            }
        }
        for range in samples.spread {
            guard let data = try reader.firstData(in: range) else { continue }
            findings.firstData = [findings.firstData, data].compactMap { $0 }.min()
            guard BlanknessSamples.isBeyondMetadata(range.lowerBound) else { continue }
            findings.firstBodyData = data
            break
        }
        guard findings.firstData != nil else { return findings }
        for offset in BlanknessSamples.extBackups where offset + UInt64(Ext4Superblock.length) <= reader.size {
            let bytes = try reader.read(offset..<offset + UInt64(Ext4Superblock.length))
            guard let superblock = Ext4Superblock(bytes: bytes), superblock.blockGroup != 0 else { continue }
            findings.extBackups.append(.init(offset: offset, superblock: superblock))
        }
        return findings
    }
}

extension Range<UInt64> {
    /// The one or two pieces that are left when `hole` is cut out.
    func excluding(_ hole: Range<UInt64>?) -> [Range<UInt64>] {
        guard let hole, overlaps(hole) else { return [self] }
        return [
            lowerBound..<Swift.max(lowerBound, hole.lowerBound), Swift.min(hole.upperBound, upperBound)..<upperBound,
        ]
        .filter { !$0.isEmpty }
    }
}
