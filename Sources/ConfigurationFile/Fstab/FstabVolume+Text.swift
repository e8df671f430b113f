package import AutohealSpec

extension FstabVolume {
    /// The line of fstab(5) for a volume, with what a boot needs beside its settings; without a line break.
    ///
    /// - Throws: ``ConfigurationError`` for a volume without an id, or settings that no line can hold.
    package static func line(for settings: VolumeSettings) throws(ConfigurationError) -> String {
        let spec = try VolumeSpec(settings)
        guard let id = spec.volumeID else {
            throw ConfigurationError(
                key: "volume-id",
                found: "",
                problem: "is missing: it is the first field of a line of fstab, such as vol-0123456789abcdef0"
            )
        }
        var options = spec.options.description.isEmpty ? [] : [spec.options.description]
        let present = MountOptions.split(spec.options.description)
        for needed in ["nofail", "x-systemd.mount-timeout=infinity"] where !present.contains(Substring(needed)) {
            options.append(needed)
        }
        for key in FstabOptions.keys {
            guard key != .device || spec.device != device(of: id) else { continue }
            guard let option = try option(key, of: settings) else { continue }
            options.append(option)
        }
        return [id.description, spec.mountPoint, FstabEntry.type, options.joined(separator: ",")].map(escaped)
            .joined(separator: " ") + " 0 0"
    }

    private static func option(_ key: FstabOptions.Key, of settings: VolumeSettings) throws(ConfigurationError)
        -> String?
    {
        let name = FstabOptions.prefix + key.rawValue
        let value: String?
        switch VolumeSettings.setting(key) {
        case .text(let path, _): value = settings[keyPath: path]
        case .integer(let path, _): value = settings[keyPath: path].map { "\($0)" }
        case .number(let path, _):
            value = settings[keyPath: path].map { number in Int(exactly: number).map { "\($0)" } ?? "\(number)" }
        case .words(let path, _): value = settings[keyPath: path]?.joined(separator: " ")
        case .truth(let path):
            return settings[keyPath: path].map { $0 ? name : "\(FstabOptions.prefix)no\(key.rawValue)" }
        }
        guard let value else { return nil }
        guard !value.contains("\"") else {
            throw ConfigurationError(
                key: key.rawValue,
                found: value,
                problem: "has a quote, which no line of fstab can hold"
            )
        }
        if case .words(let path, _) = VolumeSettings.setting(key),
            settings[keyPath: path]?.contains(where: { $0.contains(" ") }) == true
        {
            throw ConfigurationError(
                key: key.rawValue,
                found: value,
                problem: "has a space in a word, which no line of fstab can hold"
            )
        }
        return value.contains(",") ? "\(name)=\"\(value)\"" : "\(name)=\(value)"
    }

    /// As fstab(5) writes blanks (getmntent(3)).
    private static func escaped(_ field: String) -> String {
        field.replacing("\\", with: "\\134").replacing(" ", with: "\\040").replacing("\t", with: "\\011")
    }
}
