extension VolumeSpec {
    /// Directories that no volume may cover: the system needs what is in them.
    package static let systemDirectories: Set<String> = [
        "/", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/tmp",
        "/usr", "/usr/bin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/sbin", "/usr/share", "/var",
        "/var/lib",
    ]

    static func device(_ text: String?) throws(ConfigurationError) -> String {
        guard let text, !text.isEmpty else {
            throw ConfigurationError(key: "device", found: "", problem: "is missing: name one, for example /dev/xvdb")
        }
        guard text.hasPrefix("/"), text.count > 1, isPrintable(text) else {
            throw ConfigurationError(
                key: "device",
                found: text,
                problem: "is not an absolute path such as /dev/xvdb"
            )
        }
        let parts = text.split(separator: "/")
        guard !parts.contains("..") else {
            throw ConfigurationError(key: "device", found: text, problem: "must not contain '..'")
        }
        return "/" + parts.filter { $0 != "." }.joined(separator: "/")
    }

    static func mountPoint(_ text: String) throws(ConfigurationError) -> String {
        guard text.hasPrefix("/"), isPrintable(text) else {
            throw ConfigurationError(key: "mount-point", found: text, problem: "is not an absolute path such as /data")
        }
        let parts = text.split(separator: "/")
        guard !parts.contains("."), !parts.contains("..") else {
            throw ConfigurationError(key: "mount-point", found: text, problem: "must not contain '.' or '..'")
        }
        let path = "/" + parts.joined(separator: "/")
        // systemd's name for it, which the lock file has too, escapes each '-' with four characters and must fit a file name.
        guard path.utf8.count + 3 * path.utf8.filter({ $0 == UInt8(ascii: "-") }).count <= 240 else {
            throw ConfigurationError(
                key: "mount-point",
                found: "\(path.prefix(40))...",
                problem: "is longer than 240 characters as systemd writes it"
            )
        }
        guard !systemDirectories.contains(path) else {
            throw ConfigurationError(
                key: "mount-point",
                found: text,
                problem: "is a directory of the system: choose another, such as /data"
            )
        }
        return path
    }

    package static func label(_ text: String) throws(ConfigurationError) -> String {
        guard !text.isEmpty, text.utf8.count <= 16, isPrintable(text) else {
            throw ConfigurationError(
                key: "label",
                found: text,
                problem: "must have 1 to 16 bytes and no control characters"
            )
        }
        // libblkid leaves them out when it reads the label back.
        guard text.first?.isWhitespace == false, text.last?.isWhitespace == false else {
            throw ConfigurationError(key: "label", found: text, problem: "must not begin or end with white space")
        }
        return text
    }

    static func policy(_ text: String) throws(ConfigurationError) -> FormatPolicy {
        guard let policy = FormatPolicy(rawValue: text) else {
            let allowed = FormatPolicy.allCases.map(\.rawValue).joined(separator: ", ")
            throw ConfigurationError(key: "format", found: text, problem: "is not one of \(allowed)")
        }
        return policy
    }

    static func owner(_ text: String) throws(ConfigurationError) -> String {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), !parts.contains(""), isPrintable(text) else {
            throw ConfigurationError(key: "owner", found: text, problem: "is not USER or USER:GROUP")
        }
        return text
    }

    static func mode(_ text: String) throws(ConfigurationError) -> UInt16 {
        guard (3...5).contains(text.count), text.allSatisfy({ ("0"..."7").contains($0) }),
            let mode = UInt16(text, radix: 8), mode <= 0o7777
        else {
            throw ConfigurationError(key: "mode", found: text, problem: "is not an octal mode such as 0750")
        }
        return mode
    }

    private static func isPrintable(_ text: String) -> Bool {
        // Bytes that are no UTF-8 have become U+FFFD, which is another name.
        text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F && $0 != "\u{FFFD}" }
    }
}
