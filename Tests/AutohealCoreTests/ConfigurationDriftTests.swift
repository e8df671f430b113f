import AutohealPlan
import AutohealRun
import AutohealSpec
import AutohealState
import Testing

@Suite("A configuration that has changed since the last run")
struct ConfigurationDriftTests {
    private static let id = "vol-0123456789abcdef0"

    private func spec(
        _ device: String = "/dev/sdf",
        _ mountPoint: String = "/data",
        id: String? = nil,
        label: String? = nil,
        options: String? = nil
    ) throws -> VolumeSpec {
        var settings = VolumeSettings()
        settings.device = device
        settings.mountPoint = mountPoint
        settings.volumeID = id
        settings.label = label
        settings.options = options
        return try VolumeSpec(settings)
    }

    private func report(of spec: VolumeSpec, volumeID: String? = id) -> Report {
        let device = DeviceState(
            node: "/dev/nvme1n1",
            number: DeviceNumber(major: 259, minor: 1),
            size: 1 << 30,
            kernelSize: 1 << 30,
            isReadOnly: false,
            volumeID: volumeID.flatMap { VolumeID($0) },
            content: nil
        )
        let state = VolumeState(device: device, mountPoint: .absent)
        return Report(spec: spec, outcome: .unchanged(state, warnings: []), time: 0, duration: 0)
    }

    private func drift(_ present: [VolumeSpec], _ lastRun: [VolumeSpec], _ reports: [Report]) -> (
        missing: Int, warnings: Int
    ) {
        let drift = ConfigurationDrift(present: present, lastRun: lastRun, reports: reports)
        return (drift.missing.count, drift.warnings.count)
    }

    @Test("Nothing is said of what is the same")
    func same() throws {
        let spec = try spec()
        #expect(drift([spec], [spec], [report(of: spec)]) == (0, 0))
        // Also not if it failed: that is the report's to tell.
        var failed = report(of: spec)
        failed.exitStatus = .dataError
        #expect(drift([spec], [spec], [failed]) == (0, 0))
        #expect(ConfigurationDrift(present: [spec], lastRun: [spec], reports: [failed]).pending.isEmpty)
    }

    @Test("A volume that a run is still at is not called mounted, whatever a run before it left")
    func pending() throws {
        let (old, new) = (try spec(), try spec("/dev/sdg"))
        for reports in [[], [report(of: old)]] {
            let drift = ConfigurationDrift(present: [new], lastRun: [new], reports: reports)
            #expect(drift.pending.count == 1 && drift.missing.isEmpty, "\(drift)")
        }
    }

    @Test("What the mounted volume would be treated like another time is a warning")
    func settings() throws {
        let old = try spec()
        let reports = [report(of: old)]
        for new in [try spec(label: "x"), try spec("/dev/xvdf"), try spec("/dev/sdg", id: Self.id)] {
            #expect(drift([new], [old], reports) == (0, 1), "\(new)")
        }
    }

    @Test("Another volume, or another way to mount it, is a volume that is missing")
    func missing() throws {
        let old = try spec()
        let reports = [report(of: old)]
        let other = "vol-0123456789abcdef1"
        for new in [try spec("/dev/sdg"), try spec(id: other), try spec(options: "ro")] {
            #expect(drift([new], [old], reports) == (1, 0), "\(new)")
        }
        #expect(drift([old, try spec("/dev/sdg", "/srv")], [old], reports) == (1, 0))
        #expect(drift([try spec(label: "x")], [old], []) == (1, 0))
    }

    @Test("A volume that is no longer wished is a warning")
    func gone() throws {
        let (old, kept) = (try spec(), try spec("/dev/sdg", "/srv"))
        let reports = [report(of: old), report(of: kept)]
        #expect(drift([kept], [old, kept], reports) == (0, 1))
        #expect(ConfigurationDrift(present: [kept], lastRun: [old, kept], reports: reports).gone == ["/data"])
    }

    @Test("A device that does not tell its id is known by its name")
    func silent() throws {
        let old = try spec()
        #expect(drift([try spec(id: Self.id)], [old], [report(of: old, volumeID: nil)]) == (0, 1))
    }
}
