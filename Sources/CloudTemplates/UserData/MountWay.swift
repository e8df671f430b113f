/// Where user data writes the volumes.
package enum MountWay: String, CaseIterable, Sendable {
    /// Into the agent's configuration file.
    case agent
    /// Into /etc/fstab.
    case fstab
}
