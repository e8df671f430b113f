import Logging
import SystemPackage

/// Has the service manager start what waits for a mount of fstab(5).
package enum MountBeginning {
    private static let directory = "/usr/lib/autoheal-agent"

    /// Whatever comes of it, the mount goes on.
    @concurrent
    package static func announce() async {
        guard let script = try? Tool("mount-begins", in: [directory]) else { return }
        _ = try? await script.run([], logger: Logger(label: "mount-begins") { _ in SwiftLogNoOpLogHandler() })
    }
}
