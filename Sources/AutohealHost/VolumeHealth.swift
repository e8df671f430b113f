package import AutohealCore

/// Whether what a report says still holds.
package struct VolumeHealth: Hashable, Sendable {
    package let report: Report
    /// ``ExitStatus/ok`` only if the volume is mounted now, from the right device, as writable as it should be.
    package let status: ExitStatus
    /// A complete sentence.
    package let reason: String

    /// Looks at the machine; changes nothing.
    package init(of report: Report, on roots: MachineRoots = MachineRoots()) {
        self.report = report
        (status, reason) = Self.judge(report, roots)
    }

    private static func judge(_ report: Report, _ roots: MachineRoots) -> (ExitStatus, String) {
        guard report.exitStatus == .ok, let number = report.number else {
            return (report.exitStatus == .ok ? .software : report.exitStatus, report.reason)
        }
        do throws(HostError) { try Surroundings(roots: roots).check() } catch {
            return (error.exitStatus, error.reason)
        }
        let state: MountPointState
        do {
            state = try MountPoint(path: report.mountPoint, roots: roots).state()
        } catch {
            return (.osError, "The mount point cannot be examined.")
        }
        guard case .mounted(let mount) = state else {
            return (.unavailable, "Nothing is mounted at the mount point any more.")
        }
        guard mount.fault != .unreadable else {
            return (.ioError, "The file system answers with errors only; the kernel log says why.")
        }
        guard mount.number == number else {
            return (.unavailable, "The mount point shows another device: \(mount.source) (\(mount.number)).")
        }
        guard mount.root == "/" || mount.type == .btrfs else {
            return (.unavailable, "The mount point shows \(mount.root) of the file system, not all of it.")
        }
        guard attribute("\(roots.sys)/dev/block/\(number)/size").flatMap(UInt64.init) ?? 0 > 0 else {
            let advice = "Once the volume is attached again, 'systemctl restart autoheal-agent' mounts it anew."
            return (.ioError, "The device is gone from the machine. \(advice)")
        }
        guard !mount.isReadOnly || report.wantsReadOnly else {
            return (.osError, "The file system has become read-only; the kernel log says why.")
        }
        return (.ok, "The volume is mounted.")
    }
}
