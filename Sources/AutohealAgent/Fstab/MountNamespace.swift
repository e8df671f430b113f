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
        guard isOwn else { return nil }
        return
            "This is a mount namespace of its own, and the volume has to be where everybody sees it: mount it from outside."
    }

    /// Whether it is another one than that of the service manager.
    static var isOwn: Bool {
        guard MountScope.isUnderSystemd, let own = target(of: "/proc/self/ns/mnt"),
            let machine = target(of: "/proc/1/ns/mnt")
        else { return false }
        return own != machine
    }

    private static func target(of link: String) -> String? {
        var bytes = [CChar](repeating: 0, count: 256)
        let count = readlink(link, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }
}
