package import SystemPackage

/// What one attempt to free a volume came to.
package enum ReleaseAttempt: Hashable, Sendable {
    /// Nothing has it mounted and no process has its device open for writing, as far as this machine can tell; with the error
    /// with which the kernel gave up writing what was in its caches.
    case free(lost: Errno?)
    /// It has left the machine, and nothing of it is mounted here.
    case gone(lost: Errno?)
    /// Something still uses it: who, as far as that can be found out.
    case inUse([String], isMounted: Bool, lost: Errno?)
    /// Another mount lies upon its own: whose, is for a person to find out.
    case covered(by: String)

    package var isReleased: Bool {
        switch self {
        case .free, .gone: true
        case .inUse, .covered: false
        }
    }

    /// What did not reach the volume, in complete sentences; nil if all of it did.
    package var loss: String? {
        switch self {
        case .free(let lost?), .gone(let lost?), .inUse(_, _, let lost?):
            "What was written last did not reach the volume: \(lost). The kernel log says what; look at the data before it is used."
        default: nil
        }
    }

    package var lost: Errno? {
        switch self {
        case .free(let lost), .gone(let lost), .inUse(_, _, let lost): lost
        case .covered: nil
        }
    }

    /// What was seen, for whoever reads it later: a complete sentence.
    package var record: String {
        switch self {
        case .free:
            "The volume was released: nothing had it mounted then, and no process had its device open for writing."
        case .gone: "The volume was released: it was not mounted then, and its device had left the machine."
        default: reason
        }
    }

    /// What is seen now: a complete sentence.
    package var reason: String {
        switch self {
        case .free:
            "The volume is released: nothing has it mounted, and no process has its device open for writing."
        case .gone: "The volume is released: it is not mounted, and its device has left the machine."
        case .inUse(let users, let isMounted, _):
            (isMounted ? "The volume is still in use" : "The volume is unmounted here, and still in use")
                + (users.isEmpty ? ", by what cannot be found out." : ": \(users.joined(separator: ", ")).")
        case .covered(let other): "Another mount lies upon the volume's own, which stays: \(other)."
        }
    }

    /// What can be done, in complete sentences.
    package var advice: String {
        switch self {
        case .free, .gone: ""
        case .inUse(_, isMounted: true, _), .covered:
            "Nothing was killed, and it stays mounted. End that, and run 'autoheal-agent release' again."
        case .inUse(_, isMounted: false, _): "Nothing was killed. End that, and run 'autoheal-agent release' again."
        }
    }
}
