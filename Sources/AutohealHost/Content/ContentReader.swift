import AutohealRun
import AutohealSpec
package import AutohealState
import Blkid
import FoundationEssentials
import Logging
package import SystemPackage

/// Finds out what is on a device: libblkid first, and where that finds nothing, the bytes themselves.
package struct ContentReader: Sendable {
    let reader: DeviceReader

    package init(_ reader: DeviceReader) { self.reader = reader }

    /// - Parameters:
    ///   - proving: whether it matters if a device on which nothing is recognised is blank; then it is read, which takes
    ///     seconds to a minute.
    ///   - seed: what the places of samples are drawn from.
    ///   - node: of the device, as it is named in what is said.
    func content(
        proving: Bool,
        seed: UInt64 = .random(in: .min ... .max),
        images: ImageMaker,
        signals: TerminationSignals?,
        node: String,
        logger: Logger,
        display: ProgressDisplay? = nil
    ) async throws(VolumeError) -> DeviceContent {
        let mark: SurveyFindings.Mark
        do throws(TransferError) {
            if let content = try recognised() { return content }
            mark = try self.mark()
            guard proving else { return try withoutProof(mark) }
        } catch {
            return error.content
        }
        let survey = DeviceSurvey(
            reader: reader,
            survey: BlanknessSurvey(deviceSize: reader.size, seed: seed),
            signals: signals,
            logger: logger,
            display: display
        )
        var findings: SurveyFindings
        switch try survey.findings(mark: mark) {
        case .failure(let error): return error.content
        case .success(let found): findings = found
        }
        do throws(TransferError) {
            // Nothing, it said. Ask a second time, with everything read anew.
            if let content = try recognised() { return content }
        } catch {
            return error.content
        }
        if case .intent(let marker) = mark {
            switch try await remake(marker, survey, images, node: node) {
            case .failure(let error): return error.content
            case .success(let remake): findings.remake = remake
            }
        }
        return findings.content
    }

    /// What libblkid and the superblock say, read from the device and not from a cache; nil if nothing is recognised.
    func recognised() throws(TransferError) -> DeviceContent? {
        do { try reader.dropCache() } catch { throw .failed(error, offset: 0) }
        reader.prefetchForProbe()
        switch try probe() {
        case .nothing: return nil
        case .failed: return .unreadable(.ioError, offset: nil)
        case .ambivalent: return .ambivalent((try? signatures()) ?? [])
        case .found(let values): return try content(of: values)
        }
    }

    /// Every signature, for people.
    package func signatures() throws(Errno) -> [Signature] {
        try BlkidProbe().signatures(reader.descriptor).map { Signature($0) }
    }

    /// Whether the device has an ext4 of this UUID now: its superblock is read from the device itself, and libblkid finds
    /// it too.
    func holdsExt4(_ uuid: UUID) throws(TransferError) -> Bool {
        let head = try reader.readHeadFromDevice(count: Int(Ext4Superblock.offset) + Ext4Superblock.length * 3)
        let superblock = Ext4Superblock(bytes: Array(head.dropFirst(Int(Ext4Superblock.offset))))
        guard let superblock, superblock.hasValidChecksum, superblock.hasUUID(uuid),
            case .found(let values) = try probe(only: .ext4)
        else { return false }
        return values.type == FilesystemType.ext4.rawValue && values.uuid == uuid.text
    }

    /// What is at the place of the marker.
    func mark() throws(TransferError) -> SurveyFindings.Mark {
        guard let place = IntentMarker.place(deviceSize: reader.size) else { return .none }
        let block = try reader.read(place)
        if let marker = IntentMarker(block: block, deviceSize: reader.size) { return .intent(marker) }
        return IntentMarker.isLegacy(block: block, deviceSize: reader.size) ? .legacy : .none
    }

    /// Bytes, as the superblock of a file system of this type says; nil where the agent cannot tell.
    func size(of type: FilesystemType) throws(TransferError) -> UInt64? {
        guard let place = type.superblockPlace, place.upperBound <= reader.size else { return nil }
        return type.size(superblock: try reader.read(place))
    }

    /// The primary one.
    func extSuperblock() throws(TransferError) -> Ext4Superblock? {
        let offset = Ext4Superblock.offset
        return Ext4Superblock(bytes: try reader.read(offset..<offset + UInt64(Ext4Superblock.length)))
    }

    /// A file system that has lost its primary superblock is recognised all the same.
    private func withoutProof(_ mark: SurveyFindings.Mark) throws(TransferError) -> DeviceContent {
        var findings = SurveyFindings(
            coverage: SurveyCoverage(bytesRead: 0, deviceSize: reader.size, seed: 0),
            mark: mark
        )
        findings.firstData = Ext4Superblock.offset
        findings.extBackups = try reader.extBackups()
        if case .damaged = findings.content { return findings.content }
        return .unrecognised
    }

    /// Makes the image of a marker again and compares the device with it.
    private func remake(
        _ marker: IntentMarker,
        _ survey: DeviceSurvey,
        _ images: ImageMaker,
        node: String
    ) async throws(VolumeError) -> Result<SurveyFindings.Remake, TransferError> {
        let image: FilesystemImage
        do throws(VolumeError) {
            image = try await images.image(of: marker.recipe, for: node)
        } catch {
            guard case .failed(let failure) = error else { throw error }
            survey.logger.warning(
                "What a format was going to write cannot be made again",
                metadata: ["error": "\(failure)"]
            )
            return .success(.otherImage)
        }
        guard image.digest == marker.digest else { return .success(.otherImage) }
        return try survey.firstForeignSector(besides: image).map { .sameImage(foreign: $0) }
    }

    private func probe(only type: FilesystemType? = nil) throws(TransferError) -> BlkidProbe.Finding {
        do throws(Errno) {
            let finding = try BlkidProbe().identify(reader.descriptor, onlySuperblock: type?.rawValue)
            if case .failed(let errno) = finding { throw errno }
            return finding
        } catch {
            throw .failed(error, offset: 0)
        }
    }

    private func content(of values: BlkidValues) throws(TransferError) -> DeviceContent {
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
        // Of a file system that was in use the place may be part of a file by now.
        let isFresh = superblock?.wasMounted == false
        let leftover: IntentMarker? = if isFresh, case .intent(let marker) = try mark() { marker } else { nil }
        return .filesystem(
            DeviceContent.Filesystem(
                type: filesystem,
                label: values.label,
                uuid: values.uuid,
                size: try size(of: filesystem),
                leftoverMarker: leftover
            )
        )
    }
}

extension Ext4Superblock {
    func hasUUID(_ uuid: UUID) -> Bool { withUnsafeBytes(of: uuid.uuid) { $0.elementsEqual(self.uuid) } }
}
