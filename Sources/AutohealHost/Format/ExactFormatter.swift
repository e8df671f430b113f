import AutohealPlan
import AutohealRun
import AutohealSpec
import AutohealState
import FoundationEssentials
import Glibc
import Logging
import SystemPackage

/// Makes the file system on a device that was proven blank: an image in memory first, then every block of it onto the
/// device, under the kernel's exclusive claim, after each place that is going to be written was read and found zero (or what
/// an interrupted run of the same format wrote there).
struct ExactFormatter: Sendable {
    let device: LockedDevice
    let images: ImageMaker
    let mountPoint: MountPoint
    let logger: Logger
    let display: ProgressDisplay?
    let pause: @Sendable (Duration) throws(VolumeError) -> Void

    private var node: String { device.device.node }

    /// What a format is going to write, before it touches the device.
    private struct Preparation {
        let resumed: IntentMarker?
        let recipe: FormatRecipe
        let image: FilesystemImage
        /// The marker's.
        let block: [UInt8]
        let schedule: FormatSchedule
    }

    /// Throws what ``format(_:volumeID:)`` would throw before it touches the device.
    func rehearse(_ request: Step.Format, volumeID: VolumeID?) async throws(VolumeError) {
        _ = try await prepare(request, volumeID, try reader())
    }

    private func prepare(
        _ request: Step.Format,
        _ volumeID: VolumeID?,
        _ reader: DeviceReader
    ) async throws(VolumeError) -> Preparation {
        let resumed: IntentMarker? = if case .interrupted(let marker, _) = request.proof { marker } else { nil }
        let recipe: FormatRecipe
        if let resumed { recipe = resumed.recipe } else { recipe = try await self.recipe(request, reader) }
        let sector = try geometry(reader).logicalSector
        guard recipe.blockSize >= sector else {
            throw unsupported("its sectors have \(sector) bytes, and the file system has smaller blocks")
        }
        let image = try await images.image(of: recipe, for: node)
        let marker = resumed ?? IntentMarker(recipe: recipe, digest: image.digest, volumeID: volumeID)
        guard image.digest == marker.digest else {
            throw .superseded("The programs of e2fsprogs have changed since the device was looked at.")
        }
        let block: [UInt8]
        do throws(ConfigurationError) { block = try marker.block() } catch { throw .misconfigured(error) }
        guard
            let schedule = FormatSchedule(
                blocks: image.blocks,
                deviceSize: reader.size,
                sectorSize: try geometry(reader).logicalSector
            )
        else {
            throw unsupported("mkfs-options put metadata where the marker of a format goes, 128 KiB before the end")
        }
        return Preparation(resumed: resumed, recipe: recipe, image: image, block: block, schedule: schedule)
    }

    func format(_ request: Step.Format, volumeID: VolumeID?) async throws(VolumeError) {
        let reader = try reader()
        let preparation = try await prepare(request, volumeID, reader)
        let (resumed, image, schedule) = (preparation.resumed, preparation.image, preparation.schedule)
        let claim = try ExclusiveClaim(on: reader, node: node, pause: pause)
        let isMarked = if case .blank(_, isMarked: true) = request.proof { true } else { false }
        try lookAgain(reader, claim, expecting: resumed.map(MarkerPlace.marker) ?? .zeros(orMarker: isMarked), schedule)
        try checkBlocks(schedule, claim, image, isResumed: resumed != nil)
        do throws(TransferError) {
            if resumed == nil {
                try claim.write(preparation.block, at: schedule.marker.lowerBound)
                try claim.flush()
            }
            try write(schedule.body, of: image, through: claim)
            try claim.flush()
            try write([schedule.superblock], of: image, through: claim)
            try claim.flush()
        } catch {
            throw failure("write the file system to", "\(error)", advice: Self.unfinished)
        }
        try verify(preparation.recipe.uuid, reader)
        do throws(TransferError) { try clearMarker(schedule.marker, claim) } catch {
            throw failure("clear the marker on", "\(error)", advice: Self.unfinished)
        }
    }

    private static let unfinished = "The volume holds no data yet; the next run finishes the format."

    /// Clears the marker of a format whose file system is complete, if it is still there. It excuses nothing, and so it can
    /// stay if that fails.
    func finish(_ marker: IntentMarker) throws(VolumeError) {
        let reader = try reader()
        let claim: ExclusiveClaim
        do throws(VolumeError) { claim = try ExclusiveClaim(on: reader, node: node, pause: pause) } catch {
            guard case .refused = error else { throw error }
            throw failure("clear the marker on", "something else has the device open exclusively", advice: "")
        }
        guard let place = IntentMarker.place(deviceSize: reader.size) else { return }
        do throws(TransferError) {
            guard IntentMarker(block: try claim.read(place), deviceSize: reader.size) == marker,
                try ContentReader(reader).holdsExt4(marker.recipe.uuid),
                try ContentReader(reader).extSuperblock()?.wasMounted == false
            else { return }
            try clearMarker(place, claim)
        } catch {
            throw failure("clear the marker on", "\(error)")
        }
    }

    private func recipe(_ request: Step.Format, _ reader: DeviceReader) async throws(VolumeError) -> FormatRecipe {
        let owner = try request.owner.map(Ownership.init(named:))
        let geometry = try geometry(reader)
        return FormatRecipe(
            uuid: request.uuid,
            time: Int64(time(nil)),
            size: reader.size,
            label: request.label,
            owner: owner.map { .init(user: $0.user, group: $0.group) },
            mode: request.mode,
            options: request.options,
            geometry: geometry,
            e2fsprogs: try await images.version()
        )
    }

    private func geometry(_ reader: DeviceReader) throws(VolumeError) -> DeviceGeometry {
        let geometry: DeviceGeometry
        do throws(Errno) { geometry = try reader.geometry() } catch { throw failure("examine", "\(error)") }
        guard geometry.logicalSector <= BlanknessSurvey.alignment else {
            throw unsupported("its sectors have \(geometry.logicalSector) bytes; more than 4096 are not supported")
        }
        return geometry
    }

    /// What must be at the marker's place before anything is written.
    private enum MarkerPlace {
        /// Zeros, or the whole block of a marker whose format wrote nothing else.
        case zeros(orMarker: Bool)
        case marker(IntentMarker)
    }

    /// Under the claim nobody can mount or format the device any more; what happened until then is seen here.
    private func lookAgain(
        _ reader: DeviceReader,
        _ claim: borrowing ExclusiveClaim,
        expecting expected: MarkerPlace,
        _ schedule: FormatSchedule
    ) throws(VolumeError) {
        let now = try self.reader()
        guard now.size == reader.size else { throw .superseded("The device has changed its size.") }
        guard try mountPoint.targets(of: device.device.number).isEmpty else {
            throw .superseded("The device was mounted meanwhile.")
        }
        let content: DeviceContent?
        let block: [UInt8]
        do throws(TransferError) {
            content = try ContentReader(reader).recognised()
            block = try claim.read(schedule.marker)
        } catch {
            throw .refused(error.refusal)
        }
        guard content == nil else { throw .superseded("The device is not blank any more.") }
        let isAsExpected =
            switch expected {
            case .marker(let marker): IntentMarker(block: block, deviceSize: reader.size) == marker
            case .zeros(let orMarker):
                block.allSatisfy { $0 == 0 }
                    || orMarker
                        && (IntentMarker(block: block, deviceSize: reader.size) != nil
                            || IntentMarker.isLegacy(block: block, deviceSize: reader.size))
            }
        guard isAsExpected else { throw .superseded("Something else has written to the place of the marker.") }
    }

    /// Reads every block that is going to be written: the survey has read only some of them.
    private func checkBlocks(
        _ schedule: FormatSchedule,
        _ claim: borrowing ExclusiveClaim,
        _ image: FilesystemImage,
        isResumed: Bool
    ) throws(VolumeError) {
        let descriptor = claim.descriptor
        let report = progress("Reading the places of the file system", "blocks", over: schedule.blocks)
        let body: PieceWork.Body = { piece, buffer throws(TransferError) in
            try descriptor.transfer(buffer, at: piece.lowerBound, by: pread)
            if isResumed { return try image.firstForeignSector(in: buffer, at: piece.lowerBound) }
            return SectorComparison.firstData(in: UnsafeRawBufferPointer(buffer)).map { piece.lowerBound + UInt64($0) }
        }
        let result = try PieceWork(over: schedule.blocks).run(progress: report, body)
        switch result {
        case .success(nil): return
        case .success(.some(let offset)):
            throw .refused(.unknownData(offset: offset, besides: isResumed ? .thisFormat : nil))
        case .failure(let error): throw .refused(error.refusal)
        }
    }

    private func write(
        _ places: [Range<UInt64>],
        of image: FilesystemImage,
        through claim: borrowing ExclusiveClaim
    ) throws(TransferError) {
        let descriptor = claim.descriptor
        let body: PieceWork.Body = { piece, buffer throws(TransferError) in
            try image.read(into: buffer, at: piece.lowerBound)
            try descriptor.transfer(buffer, at: piece.lowerBound, by: FileDescriptor.write)
            return nil
        }
        // A format that has begun to write is not interrupted: it takes moments.
        let report = progress("Writing the file system", "format", over: places)
        guard let result = try? PieceWork(over: places).run(progress: report, body) else { return }
        _ = try result.get()
    }

    /// What tells how far a piece of the work is, for as long as it is kept.
    private func progress(
        _ activity: String,
        _ name: String,
        over places: [Range<UInt64>]
    ) -> (Double) throws(VolumeError) -> Void {
        let total = places.reduce(0) { $0 + UInt64($1.count) }
        let report = ProgressReport(activity, name: name, logger: logger, display: display)
        return { share throws(VolumeError) in report.update(.bytes(UInt64(share * Double(total)), of: total)) }
    }

    /// The device itself must show the new file system before anything says so.
    private func verify(_ uuid: UUID, _ reader: DeviceReader) throws(VolumeError) {
        let isThere: Bool
        do throws(TransferError) { isThere = try ContentReader(reader).holdsExt4(uuid) } catch {
            throw failure("read back", "\(error)", advice: Self.unfinished)
        }
        guard isThere else {
            throw failure("read back", "the file system was written, but is not there", advice: Self.unfinished)
        }
    }

    private func clearMarker(_ place: Range<UInt64>, _ claim: borrowing ExclusiveClaim) throws(TransferError) {
        try claim.write([UInt8](repeating: 0, count: IntentMarker.blockSize), at: place.lowerBound)
        try claim.flush()
    }

    private func reader() throws(VolumeError) -> DeviceReader {
        do throws(Errno) { return try DeviceReader(device.descriptor) } catch { throw failure("examine", "\(error)") }
    }

    private func failure(_ operation: String, _ cause: String, advice: String = "") -> VolumeError {
        .failed(
            HostError(
                operation,
                node,
                .text(cause),
                exitStatus: .ioError,
                advice: advice.isEmpty ? "Look at the kernel log." : "Look at the kernel log. \(advice)"
            )
        )
    }

    private func unsupported(_ cause: String) -> VolumeError {
        .failed(
            HostError(
                "format",
                node,
                .text(cause),
                exitStatus: .configuration,
                advice: "Nothing was written to the device. Change mkfs-options, or make the file system by hand."
            )
        )
    }
}

extension TransferError {
    var refusal: Refusal {
        switch self {
        case .failed(let errno, let offset): .unreadable(errno, offset: offset)
        case .short(let offset): .shortRead(offset: offset)
        }
    }
}
