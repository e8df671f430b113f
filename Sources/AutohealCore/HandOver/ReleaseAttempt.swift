/// What one attempt to free a volume came to.
package enum ReleaseAttempt: Hashable, Sendable {
    /// Nothing of it is mounted here, its caches are written, and an exclusive open has proved that nobody else uses it.
    case free
    /// Nothing of it is mounted here, and it has left the machine.
    case gone
    /// Something still uses it: who, as far as that can be found out.
    case inUse([String])
    /// Another mount lies upon its own: whose, is for a person to find out.
    case covered(by: String)

    package var isReleased: Bool {
        switch self {
        case .free, .gone: true
        case .inUse, .covered: false
        }
    }

    /// A complete sentence.
    package var reason: String {
        switch self {
        case .free: "The volume is released: it is unmounted, and nobody uses its device."
        case .gone: "The volume is released: it is unmounted, and its device has left the machine."
        case .inUse(let users):
            "The volume is still in use"
                + (users.isEmpty ? ", by what cannot be found out." : ": \(users.joined(separator: ", ")).")
        case .covered(let source): "Another mount (\(source)) lies upon the volume's own, which stays."
        }
    }
}
