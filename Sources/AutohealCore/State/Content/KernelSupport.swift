/// A feature of ext4 that not every kernel is built with, and where a kernel that is shows it.
package struct KernelSupport: Hashable, Sendable {
    /// As `mkfs.ext4 -O` names it.
    package let feature: String
    package let path: Path

    package enum Path: Hashable, Sendable {
        /// Below /sys.
        case sys(String)
        /// Below /proc.
        case proc(String)
    }
}
