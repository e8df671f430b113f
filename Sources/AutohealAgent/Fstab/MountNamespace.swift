import Glibc

/// Who would see what the helper mounts.
enum MountNamespace {
    /// Where mount(8) lets its helper mount when it is going to show a part of that, or the same with other owners, elsewhere
    /// (`MNT_PATH_TMPTGT` of libmount).
    private static let privatePlace = "/run/mount/tmptgt"

    /// Why nothing may be mounted from here, in complete sentences: it would be gone with this process.
    static func problem(_ mountPoint: String) -> String? {
        if mountPoint == privatePlace {
            return
                "mount(8) would mount the volume in private, for X-mount.subdir= or X-mount.idmap=: remove that option."
        }
        switch isOwn {
        case false?: return nil
        case true?:
            return
                "This is a mount namespace of its own, and the volume has to be where everybody sees it: mount it from outside."
        case nil:
            return
                "It cannot be told whether everybody would see the volume (/proc/1/ns/mnt cannot be read): mount it from a "
                + "process with all rights of root."
        }
    }

    /// Whether it is another one than that of the service manager; nil if that may not be known (ptrace(2), access mode).
    static var isOwn: Bool? {
        guard access("/run/systemd/system", F_OK) == 0, let own = target(of: "/proc/self/ns/mnt") else { return false }
        guard let machine = target(of: "/proc/1/ns/mnt") else { return errno == EACCES || errno == EPERM ? nil : false }
        return own != machine
    }

    private static func target(of link: String) -> String? {
        var bytes = [CChar](repeating: 0, count: 256)
        let count = readlink(link, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }
}
