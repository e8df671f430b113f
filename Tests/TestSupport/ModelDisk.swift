import AutohealPlan
import AutohealRun
package import AutohealSpec
package import AutohealState
package import FoundationEssentials

/// A disk as a value: the sectors of 512 bytes that are not zero, by their offset in bytes.
package struct ModelDisk: Hashable, Sendable {
    package static let size: UInt64 = 16 << 20

    package var sectors: [UInt64: [UInt8]] = [:]

    package init() {}

    package struct Write: Hashable, Sendable {
        package let offset: UInt64
        package let bytes: [UInt8]

        package init(offset: UInt64, bytes: [UInt8]) {
            self.offset = offset
            self.bytes = bytes
        }

        /// The same, sector by sector.
        package var sectors: [Write] {
            stride(from: 0, to: bytes.count, by: 512).map {
                Write(offset: offset + UInt64($0), bytes: Array(bytes[$0..<min($0 + 512, bytes.count)]))
            }
        }
    }

    package mutating func write(_ write: Write) {
        for sector in write.sectors {
            let bytes = sector.bytes + [UInt8](repeating: 0, count: 512 - sector.bytes.count)
            sectors[sector.offset] = bytes.allSatisfy { $0 == 0 } ? nil : bytes
        }
    }

    package func read(_ range: Range<UInt64>) -> [UInt8] {
        stride(from: range.lowerBound, to: range.upperBound, by: 512).flatMap {
            sectors[$0] ?? [UInt8](repeating: 0, count: 512)
        }
    }

    /// Whether there is something at the place of a marker that is none.
    package func isMarkerForeign(_ place: UInt64) -> Bool {
        let block = read(place..<place + 4096)
        return !block.allSatisfy { $0 == 0 } && IntentMarker(block: block, deviceSize: Self.size) == nil
            && !IntentMarker.isLegacy(block: block, deviceSize: Self.size)
    }
}

/// A format on such a disk, by the core's own judgement, plan, schedule and comparison; the disk is read whole.
package struct ModelFormat {
    package enum Outcome: Hashable, Sendable { case finished, refused, hasFilesystem }

    package let image: ModelDisk
    package let schedule: FormatSchedule
    package let marker: IntentMarker

    package init(image: ModelDisk, blocks: [Range<UInt64>], digest: Data) throws {
        guard let schedule = FormatSchedule(blocks: blocks, deviceSize: ModelDisk.size, sectorSize: 512) else {
            throw MissingProgram(name: "a schedule", package: "none")
        }
        self.image = image
        self.schedule = schedule
        marker = IntentMarker(
            recipe: FormatRecipe(uuid: UUID(), time: 1, size: ModelDisk.size, e2fsprogs: "1.47.0"),
            digest: digest
        )
    }

    /// What goes to the disk between two flushes, in order.
    package func phases() -> [[ModelDisk.Write]] {
        let block = (try? marker.block()) ?? []
        let write = { (range: Range<UInt64>) in ModelDisk.Write(offset: range.lowerBound, bytes: image.read(range)) }
        return [
            [.init(offset: schedule.marker.lowerBound, bytes: block)], schedule.body.map(write),
            [write(schedule.superblock)],
            [.init(offset: schedule.marker.lowerBound, bytes: [UInt8](repeating: 0, count: IntentMarker.blockSize))],
        ]
    }

    /// A run of the agent.
    ///
    /// - Parameter remakes: whether the programs here make the same image again.
    package func run(
        on disk: ModelDisk,
        policy: FormatPolicy = .ifBlank,
        remakes: Bool = true
    ) -> (ModelDisk, Outcome) {
        var disk = disk
        let content = content(of: disk, remakes: remakes)
        var settings = VolumeSettings()
        settings.device = "/dev/xvdb"
        settings.format = policy.rawValue
        let state = VolumeState(
            device: DeviceState(
                node: "/dev/xvdb",
                number: DeviceNumber(major: 1, minor: 1),
                size: ModelDisk.size,
                content: content
            ),
            mountPoint: .directory(isEmpty: true, isProtected: true)
        )
        guard let spec = try? VolumeSpec(settings), let plan = try? Planner.plan(spec, from: state) else {
            return (disk, .refused)
        }
        for step in plan.steps {
            switch step {
            case .finishFormat: for write in phases()[3] { disk.write(write) }
            case .format(let format):
                var isResumed = false
                switch format.proof {
                case .unproven: return (disk, .refused)
                case .interrupted: isResumed = true
                case .blank: break
                }
                for range in schedule.blocks where isForeign(disk.read(range), isResumed ? image.read(range) : nil) {
                    return (disk, .refused)
                }
                for write in phases().dropFirst(isResumed ? 1 : 0).joined() { disk.write(write) }
                return (disk, .finished)
            default: break
            }
        }
        return (disk, .hasFilesystem)
    }

    /// libblkid knows a file system by its magic number.
    private func content(of disk: ModelDisk, remakes: Bool) -> DeviceContent {
        let block = disk.read(schedule.marker)
        let found = IntentMarker(block: block, deviceSize: ModelDisk.size)
        if disk.sectors[schedule.superblock.lowerBound] != nil {
            let isOurs = disk.read(schedule.superblock) == image.read(schedule.superblock)
            let uuid = isOurs ? marker.recipe.uuid.text : UUID().text
            return .filesystem(.init(type: .ext4, uuid: uuid, size: ModelDisk.size, leftoverMarker: found))
        }
        let isLegacy = IntentMarker.isLegacy(block: block, deviceSize: ModelDisk.size)
        var findings = SurveyFindings(
            coverage: SurveyCoverage(bytesRead: ModelDisk.size, deviceSize: ModelDisk.size, seed: 0),
            mark: found.map { .intent($0) } ?? (isLegacy ? .legacy : .none)
        )
        let isMarked = findings.mark != .none
        let data = disk.sectors.keys.filter { !isMarked || !schedule.marker.contains($0) }
        findings.firstData = data.min()
        if let found {
            let foreign = data.filter { isForeign(disk.read($0..<$0 + 512), image.read($0..<$0 + 512)) }.min()
            findings.remake = remakes && found.digest == marker.digest ? .sameImage(foreign: foreign) : .otherImage
        }
        return findings.content
    }

    private func isForeign(_ device: [UInt8], _ image: [UInt8]?) -> Bool {
        device.withUnsafeBytes { device in
            guard let image else { return SectorComparison.firstForeignSector(in: device, image: nil) != nil }
            return image.withUnsafeBytes { SectorComparison.firstForeignSector(in: device, image: $0) != nil }
        }
    }

    /// As 0.1.0 wrote it, for this disk.
    package static var legacyMarker: [UInt8] {
        var block = Array("AUTOHEAL-INTENT\0".utf8) + [1, 0, 0, 0] + [UInt8](repeating: 0, count: 28)
        block += withUnsafeBytes(of: ModelDisk.size.littleEndian) { Array($0) }
        block += [UInt8](repeating: 0, count: IntentMarker.blockSize - 4 - block.count)
        return block + withUnsafeBytes(of: crc32(block).littleEndian) { Array($0) }
    }
}
