package import AutohealRun
import AutohealSpec
import Glibc
import Synchronization

/// getpwnam(3) and its like answer in one static buffer, and volumes are handled side by side.
private let accountDatabase = Mutex(())

/// A user and a group as numbers.
package struct Ownership: Hashable, Sendable {
    package let user: UInt32
    package let group: UInt32

    /// Looks up `USER[:GROUP]`, names or numbers; without a group, the user's own.
    package init(named text: String) throws(VolumeError) {
        self = try accountDatabase.withLock { _ throws(VolumeError) in try Self.lookUp(text) }
    }

    private init(user: UInt32, group: UInt32) {
        self.user = user
        self.group = group
    }

    private static func lookUp(_ text: String) throws(VolumeError) -> Ownership {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let account = getpwnam(parts[0]).map { (user: $0.pointee.pw_uid, group: $0.pointee.pw_gid) }
        guard let user = account?.user ?? UInt32(parts[0]) else {
            throw .misconfigured(
                ConfigurationError(key: "owner", found: text, problem: "names a user that does not exist here")
            )
        }
        guard parts.count > 1 else {
            return Ownership(user: user, group: account?.group ?? getpwuid(user).map(\.pointee.pw_gid) ?? user)
        }
        guard let group = getgrnam(parts[1]).map(\.pointee.gr_gid) ?? UInt32(parts[1]) else {
            throw .misconfigured(
                ConfigurationError(key: "owner", found: text, problem: "names a group that does not exist here")
            )
        }
        return Ownership(user: user, group: group)
    }
}
