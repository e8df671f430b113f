import AutohealSpec

/// One line of fstab(5), or what mount(8) hands to its helper; taken apart by libmount.
package struct FstabEntry: Hashable, Sendable {
    package var spec: String
    package var mountPoint: String
    package var type: String
    package var options: String
    /// The options without those that only mount(8), systemd and other programs read.
    package var passedOptions: String
    /// The sixth field: when fsck(8) is to check it.
    package var passNumber: Int

    /// The third field of our lines; mount(8) calls `mount.autoheal` for it.
    package static let type = "autoheal"
    /// Before the name of a setting among the options.
    package static let settingPrefix = "autoheal."

    package init(
        spec: String,
        mountPoint: String,
        type: String = Self.type,
        options: String,
        passedOptions: String,
        passNumber: Int = 0
    ) {
        self.spec = spec
        self.mountPoint = mountPoint
        self.type = type
        self.options = options
        self.passedOptions = passedOptions
        self.passNumber = passNumber
    }

    /// Whether it is for us; `autoheal.ext4` names the type inside.
    var isOurs: Bool { type == Self.type || type.hasPrefix(Self.type + ".") }

    /// As it is written, for messages.
    package var text: String { "\(spec) \(mountPoint) \(type) \(options)".printable }

    /// The last value of an option, empty where it has none; nil if it is not given.
    func value(of name: String) -> Substring? {
        MountOptions.split(options).last { $0 == name || $0.hasPrefix(name + "=") }?.dropFirst(name.count).drop {
            $0 == "="
        }
    }

    func has(_ name: String) -> Bool { value(of: name) != nil }

    /// Whether a boot and `mount -a` mount it; the later one of `auto` and `noauto` counts.
    package var isAutomatic: Bool {
        MountOptions.split(options).last { $0 == "auto" || $0 == "noauto" } != "noauto"
    }
}
