import AutohealRun
import AutohealState
import Glibc
import Logging
import SystemPackage

/// Reads a device on which nothing is recognised, past the page cache: is it blank, and if it is not, is what is there what
/// an interrupted format of ours wrote?
struct DeviceSurvey: Sendable {
    let reader: DeviceReader
    let survey: BlanknessSurvey
    let signals: TerminationSignals?
    let logger: Logger
    let display: ProgressDisplay?

    /// - Parameter mark: what is at the place of the marker, whose block is left out if it is one.
    func findings(mark: SurveyFindings.Mark) throws(VolumeError) -> Result<SurveyFindings, TransferError> {
        logger.info(
            "Reading the device, to see whether it is blank",
            metadata: ["survey.read": "\(survey.coverage)", "survey.seed": "\(survey.seed)"]
        )
        let hole = mark == .none ? nil : IntentMarker.place(deviceSize: reader.size)
        let firstData = try firstFind(in: survey.places.flatMap { $0.excluding(hole) }) { piece, buffer in
            SectorComparison.firstData(in: UnsafeRawBufferPointer(buffer)).map { piece.lowerBound + UInt64($0) }
        }
        return firstData.flatMap { offset in
            var findings = SurveyFindings(coverage: survey.coverage, mark: mark)
            findings.firstData = offset
            guard offset != nil else { return .success(findings) }
            do throws(TransferError) {
                findings.extBackups = try reader.extBackups()
                return .success(findings)
            } catch {
                return .failure(error)
            }
        }
    }

    /// The offset of a sector, in what the survey reads or the image writes, that is neither zero nor the image's.
    func firstForeignSector(
        besides image: FilesystemImage
    ) throws(VolumeError) -> Result<UInt64?, TransferError> {
        let hole = IntentMarker.place(deviceSize: reader.size)
        return try firstFind(in: (survey.places + image.blocks).flatMap { $0.excluding(hole) }) {
            piece,
            buffer throws(TransferError) in
            try image.firstForeignSector(in: buffer, at: piece.lowerBound)
        }
    }

    private func firstFind(
        in places: [Range<UInt64>],
        _ find: @escaping PieceWork.Body
    ) throws(VolumeError) -> Result<UInt64?, TransferError> {
        let direct: FileDescriptor
        do throws(Errno) { direct = try reader.reopened(O_RDONLY) } catch { return .failure(.failed(error, offset: 0)) }
        defer { try? direct.close() }
        let total = places.reduce(0) { $0 + UInt64($1.count) }
        let report = ProgressReport("Reading the device", name: "survey", logger: logger, display: display)
        defer { report.end() }
        return try PieceWork(over: places).run(
            progress: { share throws(VolumeError) in
                if let signal = signals?.pending() { throw .interrupted(signal: signal) }
                report.update(.bytes(UInt64(share * Double(total)), of: total))
            },
            { piece, buffer throws(TransferError) in
                try direct.transfer(buffer, at: piece.lowerBound, by: pread)
                return try find(piece, buffer)
            }
        )
    }
}

extension DeviceReader {
    /// The backup superblocks of ext file systems that are at their usual places.
    func extBackups() throws(TransferError) -> [SurveyFindings.ExtBackup] {
        var backups: [SurveyFindings.ExtBackup] = []
        for offset in BlanknessSurvey.extBackups where offset + UInt64(Ext4Superblock.length) <= size {
            let bytes = try read(offset..<offset + UInt64(Ext4Superblock.length))
            guard let superblock = Ext4Superblock(bytes: bytes), superblock.blockGroup != 0 else { continue }
            backups.append(.init(offset: offset, superblock: superblock))
        }
        return backups
    }
}

extension FilesystemImage {
    /// The offset of the first sector of a buffer, read from a device at `offset`, that is neither zero nor the image's.
    func firstForeignSector(
        in buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) throws(TransferError) -> UInt64? {
        let device = UnsafeRawBufferPointer(buffer)
        // Most of it is zero on both sides.
        guard !SectorComparison.isZero(device) else { return nil }
        let expected = AlignedBuffer(count: buffer.count)
        try read(into: expected.bytes, at: offset)
        return SectorComparison.firstForeignSector(in: device, image: UnsafeRawBufferPointer(expected.bytes))
            .map { offset + UInt64($0) }
    }
}
