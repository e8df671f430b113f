import AutohealSpec

/// Reads the options of a line of fstab(5): `autoheal.KEY=VALUE` are settings, all others go to the mount.
struct FstabOptions {
    /// In complete sentences.
    private(set) var problems: [String] = []

    typealias Key = VolumeSettings.CodingKeys

    static let prefix = FstabEntry.settingPrefix
    /// Settings that are options; the others are fields of the line, or all the other options.
    static let keys = Key.allCases.filter { fields[$0] == nil }

    private static let fields: [Key: String] = [
        .volumeID: "the first field of the line", .mountPoint: "the second field of the line",
        .options: "whatever else is among the options",
    ]

    /// Seconds that a volume is waited for: as long as by the 20 tries of the unit, 65 s each, since a mount unit is tried
    /// once.
    private static let patience: Double = 1300

    mutating func settings(of entry: FstabEntry) -> VolumeSettings {
        var settings = VolumeSettings()
        var others: [Substring] = []
        // The others are mount(8)'s and systemd's own; what is meant for nobody, or would mount something else, is among them.
        problems += MountOptions.split(entry.options).compactMap(Self.objection)
        for option in MountOptions.split(entry.passedOptions) where Self.objection(to: option) == nil {
            if option.hasPrefix(Self.prefix) {
                take(option.dropFirst(Self.prefix.count), into: &settings)
            } else {
                others.append(option)
            }
        }
        // mount(8) puts it before everything else that it hands on; a line need not say it.
        if others.first == "rw" { others.removeFirst() }
        if !others.isEmpty { settings.options = others.joined(separator: ",") }
        if let subtype = entry.type.split(separator: ".", maxSplits: 1).dropFirst().first {
            settings.filesystem = settings.filesystem ?? String(subtype)
        }
        settings.mountPoint = entry.mountPoint
        if let id = VolumeID(entry.spec) {
            settings.volumeID = id.description
            settings.device = settings.device ?? FstabVolume.device(of: id)
        } else {
            problems.append(Self.advice(on: entry.spec))
        }
        if settings.tries == nil {
            let interval = max(0, settings.interval ?? 10)
            settings.tries = interval > 0 ? Int(min(100_000, (Self.patience / interval).rounded(.up))) : 1
        }
        return settings
    }

    /// Why an option can be nobody's here, in a complete sentence.
    private static func objection(to option: Substring) -> String? {
        let name = option.prefix { $0 != "=" }
        let shown = String(option).printable
        let bare = name.lowercased().hasPrefix("x-") ? name.dropFirst(2) : name
        if bare.lowercased().hasPrefix(FstabEntry.type), !option.hasPrefix(prefix) {
            return "'\(shown)' is no option: a setting is written \(prefix)NAME=VALUE."
        }
        if keys.contains(where: { isSpelled(option, $0) }) {
            return "'\(shown)' is a setting of the agent: write \(prefix)\(shown)."
        }
        // The agent makes the directory anyway.
        guard MountOptions.isRefused(option), name.lowercased() != "x-mount.mkdir" else { return nil }
        return "'\(shown)' is not an option of a plain mount: remove it."
    }

    /// Whether an option is a setting that lacks its prefix; `owner` alone is one of mount(8).
    private static func isSpelled(_ option: Substring, _ key: Key) -> Bool {
        if case .truth = VolumeSettings.setting(key) {
            let name = option.prefix { $0 != "=" }
            return name == key.rawValue || name == "no\(key.rawValue)"
        }
        return option.hasPrefix("\(key.rawValue)=")
    }

    private mutating func take(_ option: Substring, into settings: inout VolumeSettings) {
        let name = String(option.prefix { $0 != "=" })
        let value = name.utf8.count == option.utf8.count ? nil : Self.unquoted(option.dropFirst(name.count + 1))
        // As fstab has it: grow and nogrow.
        if value == nil, name.hasPrefix("no"), let key = Key(rawValue: String(name.dropFirst(2))),
            case .truth(let path) = VolumeSettings.setting(key)
        {
            settings[keyPath: path] = false
            return
        }
        guard let key = Key(rawValue: name), Self.keys.contains(key) else {
            problems.append(Self.unknown(name))
            return
        }
        let setting = VolumeSettings.setting(key)
        guard !Self.take(value, as: setting, into: &settings) else { return }
        problems.append("\(Self.prefix)\(name) must be \(Self.allowed(setting, name)).")
    }

    /// - Returns: whether the value is of the right type.
    private static func take(
        _ value: String?,
        as setting: Setting<VolumeSettings>,
        into settings: inout VolumeSettings
    ) -> Bool {
        switch setting {
        case .text(let path, _):
            settings[keyPath: path] = value
            return value?.isEmpty == false
        case .integer(let path, _):
            settings[keyPath: path] = value.flatMap { Int($0) }
            return settings[keyPath: path] != nil
        case .number(let path, _):
            settings[keyPath: path] = value.flatMap { Double($0) }.flatMap { $0.isFinite ? $0 : nil }
            return settings[keyPath: path] != nil
        case .truth(let path):
            settings[keyPath: path] = ["true": true, "false": false][value ?? "true"]
            return settings[keyPath: path] != nil
        case .words(let path, _):
            settings[keyPath: path] = value?.split(separator: " ").map(String.init)
            return value?.isEmpty == false
        }
    }

    private static func allowed(_ setting: Setting<VolumeSettings>, _ name: String) -> String {
        let example = { (value: String) in "such as \(prefix)\(name)=\(value)" }
        return switch setting {
        case .text(_, let value): "followed by = and a value, \(example(value))"
        case .integer(_, let value): "an integer, \(example(value))"
        case .number(_, let value): "a number, \(example(value))"
        case .truth: "written \(prefix)\(name) or \(prefix)no\(name)"
        case .words(_, let value):
            "in quotes, with \\040 for each space, \(example("\"\(value.split(separator: " ").joined(separator: "\\040"))\""))"
        }
    }

    private static func unknown(_ name: String) -> String {
        if let key = Key(rawValue: name), let field = fields[key] {
            return "\(prefix)\(name) is no option: \(name) is \(field)."
        }
        let allowed = keys.map(\.rawValue)
        let nearest = suggestion(for: name, from: allowed)
            .replacing("'", with: "'\(prefix)", maxReplacements: 1)
        return "'\(prefix)\(name.printable)' is not a setting\(nearest.isEmpty ? "." : nearest) "
            + "Allowed, each after \(prefix): \(allowed.joined(separator: ", "))."
    }

    private static func advice(on spec: String) -> String {
        let id = "Write the id of the volume in its place, such as vol-0123456789abcdef0"
        if spec.hasPrefix("/") {
            return """
                '\(spec.printable)' is a path: systemd waits 90 s for it before it calls the helper, and on Nitro a name such \
                as /dev/xvdf never appears. \(id); where disks do not tell theirs (Xen), add \
                \(prefix)device=\(spec.printable).
                """
        }
        if spec.contains("=") {
            return """
                '\(spec.printable)' names a file system: systemd waits 90 s for it before it calls the helper, and a blank \
                volume has none. \(id).
                """
        }
        return "'\(spec.printable)' is not a volume id. \(id)."
    }

    /// Without the quotes around it, which protect its commas.
    private static func unquoted(_ value: Substring) -> String {
        let isQuoted = value.utf8.count >= 2 && value.hasPrefix("\"") && value.hasSuffix("\"")
        return String(isQuoted ? value.dropFirst().dropLast() : value)
    }
}
