import AutohealSpec

/// Where a device is read before it may be called blank.
///
/// A new EBS volume reads as zeros everywhere. Both ends are read whole, as is every place at which a file system keeps a
/// copy of its superblock; between them one sample at a random place of each of many equal strata, so that no pattern of
/// data can hide between the samples. A small device is read whole.
package struct BlanknessSurvey: Hashable, Sendable {
    /// Bytes up to which a device is read whole.
    package static let wholeUpTo: UInt64 = 256 << 20
    /// Bytes read whole at the start: superblocks, partition tables, the first MiB of whatever was written raw.
    package static let headLength: UInt64 = 65 << 20
    /// Bytes read whole at the end: backup partition tables, RAID and volume-manager headers.
    package static let tailLength: UInt64 = 16 << 20
    /// Bytes of one sample.
    package static let sampleLength: UInt64 = 16 << 10
    /// Bytes for which there is one sample, within ``strataCounts``.
    package static let stratumLength: UInt64 = 32 << 20
    package static let strataCounts: ClosedRange<UInt64> = 4096...131_072
    /// What every place begins at a multiple of, for reads past the page cache (O_DIRECT).
    package static let alignment: UInt64 = 4096

    /// Bytes.
    package let deviceSize: UInt64
    /// What the places of the samples are drawn from, so that a survey can be repeated.
    package let seed: UInt64
    /// In the order of the device; no two overlap or touch.
    package let places: [Range<UInt64>]

    /// Offsets in bytes of the ext backup superblocks that every layout has (block sizes 1, 2 and 4 KiB).
    package static let extBackups: [UInt64] = [1024 * 8193, 2048 * 16384, 4096 * 32768, 4096 * 98304]
    private static let btrfsMirrors: [UInt64] = [64 << 10, 64 << 20, 256 << 30]

    package init(deviceSize: UInt64, seed: UInt64) {
        self.deviceSize = deviceSize
        self.seed = seed
        guard deviceSize > Self.wholeUpTo else {
            places = deviceSize > 0 ? [0..<deviceSize] : []
            return
        }
        let tail = (deviceSize - Self.tailLength) / Self.alignment * Self.alignment
        let copies = (Self.extBackups + Self.btrfsMirrors).map { $0 / Self.alignment * Self.alignment }
            .filter { $0 < tail }.map { $0..<$0 + Self.alignment }
        let samples = Self.samples(in: Self.headLength..<tail, seed: seed)
        places = Self.merged([0..<Self.headLength, tail..<deviceSize] + copies + samples)
    }

    package var coverage: SurveyCoverage {
        SurveyCoverage(bytesRead: places.reduce(0) { $0 + UInt64($1.count) }, deviceSize: deviceSize, seed: seed)
    }

    private static func samples(in range: Range<UInt64>, seed: UInt64) -> [Range<UInt64>] {
        let length = range.upperBound - range.lowerBound
        let count = min(max(length / stratumLength, strataCounts.lowerBound), strataCounts.upperBound)
        var generator = SeededGenerator(seed: seed)
        // The start of stratum i, without a product that could overflow.
        func start(_ i: UInt64) -> UInt64 {
            (range.lowerBound + length / count * i + length % count * i / count) / alignment * alignment
        }
        return (0..<count).map { stratum in
            let last = start(stratum + 1) - sampleLength
            let place = UInt64.random(in: start(stratum) / alignment...last / alignment, using: &generator) * alignment
            return place..<place + sampleLength
        }
    }

    private static func merged(_ ranges: [Range<UInt64>]) -> [Range<UInt64>] {
        var merged: [Range<UInt64>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound {
                merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        return merged
    }
}

/// How much of a device a survey has read.
package struct SurveyCoverage: Hashable, Sendable, CustomStringConvertible {
    package var bytesRead: UInt64
    package var deviceSize: UInt64
    package var seed: UInt64

    package init(bytesRead: UInt64, deviceSize: UInt64, seed: UInt64) {
        self.bytesRead = bytesRead
        self.deviceSize = deviceSize
        self.seed = seed
    }

    package var isWhole: Bool { bytesRead == deviceSize }

    /// `145.0 MiB of 16.0 GiB`, or `all 64.0 MiB`.
    package var description: String {
        isWhole
            ? "all \(describe(bytes: deviceSize))" : "\(describe(bytes: bytesRead)) of \(describe(bytes: deviceSize))"
    }
}
