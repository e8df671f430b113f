import AutohealPlan
import AutohealRun
import AutohealSpec
import TestSupport
import Testing

/// What `status` says of lines of fstab(5) that changed.
struct FstabDriftTests {
    private func spec(_ id: String = "vol-0123456789abcdef0", label: String? = nil) throws -> VolumeSpec {
        var settings = VolumeSettings()
        settings.device = "/dev/xvdf"
        settings.volumeID = id
        settings.mountPoint = "/data"
        settings.label = label
        return try VolumeSpec(settings)
    }

    private func report(_ spec: VolumeSpec) -> Report {
        var report = Report(spec: spec, outcome: .stopped(.interrupted(signal: 15)), time: 0, duration: 0)
        report.exitStatus = .ok
        report.volumeID = spec.volumeID?.description
        return report
    }

    @Test func `a line that nobody has acted on yet is waited for`() throws {
        let drift = ConfigurationDrift(present: [try spec()], lastRun: [], reports: [], source: .fstab)
        #expect(drift.missing.isEmpty && drift.pending.count == 1)
        #expect(drift.pending.first?.contains("mount /data") == true, "\(drift)")
    }

    @Test func `a line for another volume than the one that is mounted is not as it says`() throws {
        let mounted = try spec()
        let other = try spec("vol-0123456789abcdef1")
        let drift = ConfigurationDrift(
            present: [other],
            lastRun: [mounted],
            reports: [report(mounted)],
            source: .fstab
        )
        #expect(drift.missing.first?.contains("vol-0123456789abcdef1") == true, "\(drift)")
    }

    @Test func `other settings and a line that is gone are warned of, with what applies them`() throws {
        let mounted = try spec()
        let reports = [report(mounted)]
        let changed = ConfigurationDrift(
            present: [try spec(label: "x")],
            lastRun: [mounted],
            reports: reports,
            source: .fstab
        )
        #expect(changed.warnings.first?.contains("'umount /data' and 'mount /data'") == true, "\(changed)")
        let gone = ConfigurationDrift(present: [], lastRun: [mounted], reports: reports, source: .fstab)
        #expect(gone.gone == ["/data"] && gone.warnings.first?.contains("no longer in fstab") == true, "\(gone)")
    }
}
