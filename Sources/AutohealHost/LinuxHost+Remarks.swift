import AutohealRun
package import AutohealSpec
package import AutohealState
import Glibc

extension LinuxHost {
    package func closerLook(at device: DeviceState) -> DeviceUse { DeviceUsers(roots: roots).use(of: device.number) }

    /// The owner is given to a new file system only; that one that was found has another is worth knowing.
    package func remarks(_ spec: VolumeSpec, _ state: VolumeState) -> [String] {
        guard let owner = spec.owner, case .mounted(let mount) = state.mountPoint, mount.number == state.device.number
        else { return [] }
        var found = stat()
        guard stat(spec.mountPoint, &found) == 0 else { return [] }
        let there = "\(found.st_uid):\(found.st_gid)"
        let wanted: Ownership
        do throws(VolumeError) { wanted = try Ownership(named: owner) } catch {
            return ["owner asks for \(owner), whom this machine does not know; the root directory belongs to \(there)."]
        }
        let asksForGroup = owner.contains(":")
        guard wanted.user != found.st_uid || asksForGroup && wanted.group != found.st_gid else { return [] }
        return [
            "owner asks for \(owner) (\(wanted.user):\(wanted.group)), but the root directory of the file system that was "
                + "found belongs to \(there) and keeps it: the numbers of another machine? 'chown' changes it."
        ]
    }
}
