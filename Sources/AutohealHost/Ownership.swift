package import AutohealCore
import Glibc

/// A user and a group as numbers.
package struct Ownership: Hashable, Sendable {
    package let user: UInt32
    package let group: UInt32

    /// Looks up `USER[:GROUP]`, names or numbers; without a group, the user's own.
    package init(named text: String) throws(VolumeError) {
        let parts = text.split(separator: ":").map(String.init)
        let account = getpwnam(parts[0]).map { (user: $0.pointee.pw_uid, group: $0.pointee.pw_gid) }
        guard let user = account?.user ?? UInt32(parts[0]) else {
            throw .misconfigured(
                ConfigurationError(key: "owner", found: text, problem: "names a user that does not exist here")
            )
        }
        self.user = user
        guard parts.count > 1 else {
            group = account?.group ?? getpwuid(user).map(\.pointee.pw_gid) ?? user
            return
        }
        guard let group = getgrnam(parts[1]).map(\.pointee.gr_gid) ?? UInt32(parts[1]) else {
            throw .misconfigured(
                ConfigurationError(key: "owner", found: text, problem: "names a group that does not exist here")
            )
        }
        self.group = group
    }
}
