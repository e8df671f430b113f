package import AutohealPlan
import AutohealSpec
import AutohealState
package import Logging

extension Step {
    /// What a log line says when the step is done.
    var achievement: String {
        switch self {
        case .createMountPoint: "Created the mount point"
        case .unmount: "Unmounted the dead mount of the volume, which nothing used any more"
        case .protectMountPoint: "Made the bare mount point immutable"
        case .format: "Formatted the device"
        case .finishFormat: "Finished the format of an earlier run"
        case .check: "Checked the file system"
        case .mount: "Mounted the volume"
        case .grow: "Grew the file system"
        }
    }

    /// What is said when the step was not carried out and the volume is of use all the same.
    func warning(_ error: HostError) -> String {
        switch self {
        case .grow(_, let from, let to):
            "The file system was not grown from \(describe(bytes: from)) to \(describe(bytes: to)): \(error.reason)"
        case .protectMountPoint: "The bare mount point was not made immutable: \(error.reason)"
        case .check: "The file system was not checked: \(error.reason)"
        default: "The step \(name) was not carried out: \(error.reason)"
        }
    }

    /// The facts of a step for a log line.
    package var metadata: Logger.Metadata {
        switch self {
        case .createMountPoint, .protectMountPoint: [:]
        case .unmount(let mount): ["mount.source": "\(mount.source)", "mount.device": "\(mount.number)"]
        case .format(let format):
            [
                "filesystem.type": "\(VolumeSpec.createdType)",
                "filesystem.uuid": "\(format.uuid.text)",
                "format.proof": "\(format.proof.name)",
            ]
        case .finishFormat(let marker): ["filesystem.uuid": "\(marker.recipe.uuid.text)"]
        case .check(let type): ["filesystem.type": "\(type)"]
        case .mount(let type, let options):
            ["filesystem.type": "\(type)"].merging(
                options.description.isEmpty ? [:] : ["options": "\(options)"],
                uniquingKeysWith: { $1 }
            )
        case .grow(let type, let from, let to):
            [
                "filesystem.type": "\(type)", "size.from": "\(describe(bytes: from))",
                "size.to": "\(describe(bytes: to))",
            ]
        }
    }
}

extension Step.Proof {
    /// One word for logs.
    fileprivate var name: String {
        switch self {
        case .blank: "blank"
        case .interrupted: "interrupted-format"
        case .unproven: "none"
        }
    }
}
