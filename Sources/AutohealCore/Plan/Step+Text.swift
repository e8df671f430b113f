import AutohealSpec
import AutohealState

extension Step {
    /// A plan's line for people.
    package func summary(on node: String, at mountPoint: String) -> String {
        switch self {
        case .createMountPoint: "create the directory \(mountPoint)"
        case .unmount(let mount):
            "unmount \(mountPoint), which shows \(mount.source) (device \(mount.number)): that is this volume by a device that "
                + "is gone; refused if anything still uses the mount"
        case .protectMountPoint: "make \(mountPoint) immutable while nothing is mounted there"
        case .format(let format):
            format.summary(of: node)
        case .finishFormat: "clear the marker that a finished format left on \(node)"
        case .check: "check \(node) with e2fsck -p"
        case .mount(let type, let options):
            "mount \(node) at \(mountPoint) as \(type)" + (options.description.isEmpty ? "" : " with \(options)")
        case .grow(let type, let from, let to):
            "grow the \(type) from \(describe(bytes: from)) to \(describe(bytes: to))"
        }
    }
}

extension Step.Format {
    /// What is going to be done, and what was seen that allows it.
    fileprivate func summary(of node: String) -> String {
        let type = VolumeSpec.createdType
        switch proof {
        case .blank(let coverage, isMarked: false):
            return "format \(node) as \(type): \(coverage) read, every byte zero"
        case .blank(let coverage, isMarked: true):
            return
                "format \(node) as \(type): \(coverage) read, every byte zero but for the marker of a format that wrote "
                + "nothing else"
        case .interrupted(_, let coverage):
            return
                "finish the interrupted format of \(node) as \(type): \(coverage) read, every sector zero or what that "
                + "format writes there"
        case .unproven:
            return "format \(node) as \(type): nothing on it is recognised, nothing is proven, and the policy allows it"
        }
    }
}
