import AutohealHealth
import AutohealPlan
import AutohealSpec
import AutohealState
import SystemPackage
import Testing

@Suite("Health over time")
struct WatchedVolumeTests {
    private static let device = DeviceNumber(major: 259, minor: 1)

    private static func phase(_ change: (inout VolumeObservation) -> Void = { _ in }) -> VolumePhase {
        let mount = MountPointState.Mount(source: "/dev/nvme1n1", number: device, type: .ext4, filesystemSize: 1 << 30)
        var observation = VolumeObservation(
            mountPoint: .known(.mounted(mount)),
            deviceSize: .known(1 << 30),
            read: .known(.answered(in: .milliseconds(1))),
            space: .known(SpaceUsage(bytes: 100, bytesFree: 50, inodes: 0, inodesFree: 0))
        )
        change(&observation)
        return .mounted(
            VolumeHealth(of: observation, device: device, isReadOnlyWished: false, errorsAtMount: nil)
        )
    }

    private static let good = phase()
    private static let broken = phase { $0.read = .known(.failed(.ioError)) }
    private static let full = phase {
        $0.space = .known(SpaceUsage(bytes: 100, bytesFree: 0, inodes: 0, inodesFree: 0))
    }

    private func verdicts(_ phases: [VolumePhase], startLimit: Double = 3600) -> [HealthVerdict] {
        var volume = WatchedVolume(startLimit: startLimit)
        return phases.enumerated().map { index, phase in
            _ = volume.note(phase, at: Double(index) * 10)
            return volume.verdict
        }
    }

    @Test func `what a new instance could cure has failed only when two looks agree`() {
        #expect(verdicts([Self.good, Self.broken, Self.good]) == [.healthy, .degraded, .healthy])
        #expect(verdicts([Self.broken, Self.broken, Self.good]) == [.degraded, .failed, .healthy])
        #expect(verdicts([Self.broken, Self.good, Self.broken]) == [.degraded, .healthy, .degraded])
    }

    @Test func `what a new instance could not cure never fails, and is not ready`() {
        #expect(verdicts([Self.full, Self.full, Self.full]) == [.degraded, .degraded, .degraded])
        var volume = WatchedVolume()
        _ = volume.note(Self.full, at: 0)
        #expect(!volume.isReady)
        _ = volume.note(Self.good, at: 1)
        #expect(volume.isReady)
    }

    @Test func `a volume that has not come yet is waited for without end`() {
        let late = VolumePhase.stopped(.noInput, reason: "It did not appear.", mounted: nil)
        #expect(verdicts(Array(repeating: .waiting, count: 5) + [late, late, late]).allSatisfy { $0 == .waiting })
        // It was there, and the next run does not find it again.
        #expect(verdicts([Self.good, late, late]) == [.healthy, .degraded, .failed])
    }

    @Test func `a volume that comes after 800 seconds costs no instance, and one that goes then does`() {
        let late = VolumePhase.stopped(.noInput, reason: "It did not appear.", mounted: nil)
        var volume = WatchedVolume()
        // An application status check asks from 600 s after the launch on, which is before the volume is there.
        for second in stride(from: 0, through: 4400, by: 10) {
            let arrived: VolumePhase = second < 820 ? .starting : Self.good
            _ = volume.note(second >= 800 ? arrived : second % 70 < 60 ? .waiting : late, at: Double(second))
            #expect(volume.verdict == (second < 800 ? .waiting : second < 820 ? .starting : .healthy), "\(second) s")
        }
        for second in [4410.0, 4420] { _ = volume.note(late, at: second) }
        #expect(volume.verdict == .failed)
    }

    @Test func `what is given up on purpose has not failed, and is not ready`() {
        let released = VolumePhase.released(reason: "It was released.")
        #expect(
            verdicts([Self.good, .releasing, .releasing, released, released, Self.good])
                == [.healthy, .releasing, .releasing, .released, .released, .healthy]
        )
        var volume = WatchedVolume()
        for phase in [VolumePhase.releasing, released] {
            _ = volume.note(phase, at: 0)
            #expect(!volume.isReady)
        }
    }

    @Test func `a long check does not get its instance killed, until the limit`() {
        let phases = [VolumePhase](repeating: .starting, count: 6)
        #expect(verdicts(phases, startLimit: 25) == [.starting, .starting, .starting, .starting, .failed, .failed])
        #expect(verdicts(phases).allSatisfy { $0 == .starting })
    }

    @Test(arguments: [
        VolumePhase.waiting, .stopped(.noInput, reason: "The device did not appear.", mounted: nil),
    ])
    func `between a run and its report nobody is told what was seen before the run`(old: VolumePhase) {
        var volume = WatchedVolume()
        _ = volume.note(old, at: 0)
        let looks: [(Double, VolumePhase)] = [(1, .starting), (2, .starting), (2.5, old), (3, old), (3.5, Self.good)]
        let said = looks.compactMap { volume.note($0.1, at: $0.0)?.verdict }
        #expect(said == [.starting, .healthy])
    }

    @Test func `what a run has left as it was is said when it has lasted, and a refusal at once`() {
        let late = VolumePhase.stopped(.noInput, reason: "The device did not appear.", mounted: nil)
        let refused = VolumePhase.stopped(.dataError, reason: "The device has a partition table.", mounted: nil)
        #expect(verdicts([late, .starting, late, late]) == [.waiting, .starting, .starting, .waiting])
        #expect(verdicts([late, .starting, refused]) == [.waiting, .starting, .degraded])
        #expect(verdicts([refused, .starting, refused, refused]) == [.degraded, .starting, .starting, .degraded])
    }

    @Test func `a refusal is no reason for a new instance, an I/O error is`() {
        let refused = VolumePhase.stopped(.dataError, reason: "The device has a partition table.", mounted: nil)
        #expect(verdicts([refused, refused]) == [.degraded, .degraded])
        let unreadable = VolumePhase.stopped(.ioError, reason: "The device cannot be read.", mounted: nil)
        #expect(verdicts([unreadable, unreadable]) == [.degraded, .failed])
    }

    @Test func `looks that the kernel's events bring one after the other agree too soon`() {
        var volume = WatchedVolume()
        for time in [0, 0.5, 1, 2.9] {
            _ = volume.note(Self.broken, at: time)
            #expect(volume.verdict == .degraded)
        }
        _ = volume.note(Self.broken, at: 3)
        #expect(volume.verdict == .failed)
        _ = volume.note(Self.good, at: 3.5)
        _ = volume.note(Self.broken, at: 4)
        #expect(volume.verdict == .degraded)
    }

    @Test func `each change is said once`() throws {
        var volume = WatchedVolume()
        var said: [HealthVerdict] = []
        let phases = [
            VolumePhase.waiting, .waiting, Self.good, Self.good, Self.broken, Self.broken, Self.broken, Self.good,
        ]
        for (index, phase) in phases.enumerated() {
            if let change = volume.note(phase, at: Double(index) * 10) { said.append(change.verdict) }
        }
        #expect(said == [.healthy, .degraded, .failed, .healthy])
    }

    /// 24 hours and more, at the default interval.
    @Test func `a hundred thousand looks leave nothing behind`() {
        var volume = WatchedVolume()
        _ = volume.note(Self.good, at: 0)
        let before = volume
        for look in 1...100_000 {
            let change = volume.note(Self.good, at: Double(look) * 10)
            #expect(change == nil)
        }
        #expect(volume == before)
    }
}
