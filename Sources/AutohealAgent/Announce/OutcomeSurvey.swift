import AutohealHost
import AutohealPlan
import AutohealRun
import AutohealSpec
import ConfigurationFile
import Libmount

/// One look at all that the line on the console tells of.
struct OutcomeSurvey {
    let evidence: OutcomeEvidence
    let volumes: [VolumeID]
    let verdict: OutcomeVerdict

    /// - Parameters:
    ///   - configurationFile: its path; nil for the usual one, which need not be there.
    ///   - boot: what no report of another boot is believed beside; nil believes none.
    init(
        _ configurationFile: String?,
        in directory: RuntimeDirectory,
        boot: String?,
        environment: [String: String]
    ) async {
        let wishes = Wishes(configurationFile)
        let unit = await AgentUnit(directory).look(environment)
        let reports = directory.reports().filter { $0.boot != nil && $0.boot == boot }
        let handOver = directory.handOver
        var volumes: [OutcomeEvidence.Volume] = []
        // While the unit is at work nothing can be said, and the devices are its.
        for wish in wishes.volumes where unit?.state != .atWork || handOver != nil {
            volumes.append(
                await Self.look(wish, reports, directory, isUnderUnit: unit != nil, isReleased: handOver != nil)
            )
        }
        let known = Set(wishes.volumes.map { canonicalMountPoint($0.spec.mountPoint) })
        evidence = OutcomeEvidence(
            unit: unit,
            volumes: volumes,
            isConfigurationRight: wishes.areRight,
            isAnotherMounted: (directory.formerReports() + directory.reports()).contains {
                !known.contains($0.mountPoint) && VolumeRelease($0, runtimeDirectory: directory)?.isMounted == true
            },
            handOver: handOver
        )
        self.volumes = volumes.compactMap(\.id)
        verdict = OutcomeVerdict(evidence)
    }

    private static func look(
        _ wish: Wishes.Volume,
        _ reports: [Report],
        _ directory: RuntimeDirectory,
        isUnderUnit: Bool,
        isReleased: Bool
    ) async -> OutcomeEvidence.Volume {
        let mountPoint = canonicalMountPoint(wish.spec.mountPoint)
        let report = reports.first { [wish.spec.mountPoint, mountPoint].contains($0.mountPoint) }
        var spec = wish.spec
        spec.mountPoint = report?.mountPoint ?? spec.mountPoint
        let isAsConfigured = ConfigurationDrift(present: [spec], lastRun: [spec], reports: reports).pending.isEmpty
        let status = isReleased ? nil : report.map { VolumeStatus($0, in: directory) }
        let mountState =
            wish.isOfFstab && isUnderUnit ? await UnitManager().activeState(of: mountUnit(at: mountPoint)) : nil
        return OutcomeEvidence.Volume(
            id: wish.spec.volumeID ?? report?.volumeID.flatMap { VolumeID($0) },
            isMounted: status?.status == .ok && isAsConfigured,
            isUnmounted: isUnmounted(mountPoint, report),
            hasLostWrites: report?.lostWrites != nil,
            isBeingMounted: mountState == "activating" || directory.isLocked(mountPoint),
            hasFailedMount: mountState == "failed",
            failure: report.flatMap { report in
                report.exitStatus == .ok ? nil : .init(exit: report.exitStatus.rawValue, cause: report.cause)
            }
        )
    }

    /// Neither there nor anywhere else. Where nobody tells, or no run has seen the device, it is not.
    private static func isUnmounted(_ mountPoint: String, _ report: Report?) -> Bool {
        guard let number = report?.mounted?.number ?? report?.number, let mounts = try? MountTable() else {
            return false
        }
        return mounts.topmost(at: mountPoint) == nil && AutohealHost.isMounted(number) == false
    }
}

/// What is configured now.
private struct Wishes {
    struct Volume {
        let spec: VolumeSpec
        let isOfFstab: Bool
    }

    var volumes: [Volume] = []
    /// Whether all of it is this instance's and could be read.
    var areRight = true

    init(_ path: String?) {
        do throws(ConfigurationFileError) {
            let file = try ConfigurationFile(path: path ?? ConfigurationFile.standardPath)
            if ForeignConfiguration(file) != nil { areRight = false }
            volumes += try file.specs().map { Volume(spec: $0, isOfFstab: false) }
        } catch {
            if !error.isMissing || path != nil { areRight = false }
        }
        guard path == nil else { return }
        guard let fstab = try? Fstab.read() else {
            areRight = false
            return
        }
        if fstab.ours.contains(where: { $0.isAutomatic && !fstab.reads($0) }) { areRight = false }
        volumes += fstab.volumes.filter(\.entry.isAutomatic).map { Volume(spec: $0.spec, isOfFstab: true) }
    }
}
