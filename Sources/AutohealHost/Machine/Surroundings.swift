import AutohealPlan
import AutohealRun
import Glibc
import SystemPackage

/// Whether the machine can be looked at: what cannot be seen must never count as absent.
struct Surroundings {
    let roots: MachineRoots

    /// - Throws: with exit status 71 where /proc or /sys is missing.
    func check() throws(HostError) {
        guard let directory = opendir("\(roots.sys)/dev/block") else {
            throw failure("\(roots.sys)/dev/block", errno, "Is sysfs mounted at \(roots.sys)?")
        }
        closedir(directory)
        let table = "\(roots.proc)/self/mountinfo"
        do {
            // Any process sees at least one mount: the one that its root directory, or this file, is on.
            let descriptor = try FileDescriptor.open(table, .readOnly, options: .closeOnExec)
            defer { try? descriptor.close() }
            var first: UInt8 = 0
            guard try withUnsafeMutableBytes(of: &first, { try descriptor.read(into: $0) }) > 0 else {
                throw Errno.noSuchFileOrDirectory
            }
        } catch {
            throw failure(table, (error as? Errno ?? .ioError).rawValue, "Is proc mounted at \(roots.proc)?")
        }
    }

    private func failure(_ path: String, _ code: Int32, _ advice: String) -> HostError {
        HostError(
            "read",
            path,
            .errno(Errno(rawValue: code)),
            exitStatus: .osError,
            advice: "\(advice) Without it the machine cannot be looked at, so nothing was done."
        )
    }
}
