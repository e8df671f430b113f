package import AutohealSpec
package import AutohealState

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// One thing to do to the machine.
package enum Step: Hashable, Sendable {
    case createMountPoint
    /// Take away a mount of this volume whose device is gone; never one that is in use.
    case unmount(MountPointState.Mount)
    /// Make the bare directory immutable, so that nothing fills the root disk while the volume is missing.
    case protectMountPoint
    case format(Format)
    /// Clearing the marker of a format whose file system is complete.
    case finishFormat(IntentMarker)
    case check(FilesystemType)
    case mount(FilesystemType, options: MountOptions)
    /// Sizes in bytes.
    case grow(FilesystemType, from: UInt64, to: UInt64)

    package struct Format: Hashable, Sendable {
        package var uuid: UUID
        package var label: String?
        package var owner: String?
        package var mode: UInt16?
        package var options: MkfsOptions
        package var proof: Proof
    }

    /// What was seen of a device that is to be formatted.
    package enum Proof: Hashable, Sendable {
        /// Every byte that was read is zero; if it is marked, outside the block of a marker.
        case blank(SurveyCoverage, isMarked: Bool)
        /// Every sector that was read is zero or what the marker's image has there.
        case interrupted(IntentMarker, SurveyCoverage)
        /// Nothing but that libblkid finds nothing (the policy ``FormatPolicy/ifNoSignature``).
        case unproven
    }

    package static let mountName = "mount"

    /// The word for logs and reports.
    package var name: String {
        switch self {
        case .createMountPoint: "create-mount-point"
        case .unmount: "unmount"
        case .protectMountPoint: "protect-mount-point"
        case .format: "format"
        case .finishFormat: "finish-format"
        case .check: "check"
        case .mount: Self.mountName
        case .grow: "grow"
        }
    }

    /// Whether an operator who watches wants to know that it has begun.
    package var mayTakeLong: Bool {
        switch self {
        case .format, .check, .grow: true
        default: false
        }
    }

    /// Whether the volume is of use without it: its failure is a warning.
    package var isOptional: Bool {
        switch self {
        case .protectMountPoint, .finishFormat, .grow: true
        default: false
        }
    }
}
