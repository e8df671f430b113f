import AutohealSpec
import AutohealState
import Glibc

/// What the kernel logs from the moment this is made (kernel: Documentation/ABI/testing/dev-kmsg).
struct KernelLog: ~Copyable {
    private let descriptor: Int32

    /// More than any refused mount has been seen to say.
    private static let maximumRecords = 10_000
    /// CONSOLE_EXT_LOG_MAX: a longer record does not exist.
    private static let maximumLength = 8192

    /// Without /dev/kmsg, as in some containers, there is nothing to read.
    init(roots: MachineRoots) {
        descriptor = open("\(roots.dev)/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        if descriptor >= 0 { lseek(descriptor, 0, SEEK_END) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The messages so far that name a device as the kernel does (`nvme1n1`), oldest first.
    func lines(naming name: String) -> [String] { lines { $0.names(name) } }

    /// The messages so far about a mount: what is said of an option that a file system does not know names no device.
    func lines(
        about device: BlockDevice,
        mountedAs type: FilesystemType,
        _ options: MountOptions,
        _ scanner: BlockDeviceScanner
    ) -> [String] {
        let name = scanner.kernelName(of: device)
        return lines { line in
            let quoted = line.split(separator: "'")
            return line.names(name)
                || line.hasPrefix("\(type): ") && quoted.count > 1 && options.description.contains(quoted[1])
        }
    }

    private func lines(where isMeant: (String) -> Bool) -> [String] {
        guard descriptor >= 0 else { return [] }
        var lines: [String] = []
        var record = [UInt8](repeating: 0, count: Self.maximumLength)
        for _ in 0..<Self.maximumRecords {
            let count = read(descriptor, &record, record.count)
            // EPIPE: the oldest ones were overwritten meanwhile.
            if count < 0, errno == EPIPE || errno == EINTR { continue }
            guard count > 0 else { break }
            // "priority,number,time,flags;message", then lines of properties.
            let message = record[..<count].drop { $0 != UInt8(ascii: ";") }.dropFirst().prefix {
                $0 != UInt8(ascii: "\n")
            }
            let text = String(decoding: message, as: UTF8.self).printable
            if isMeant(text) { lines.append(text) }
        }
        return lines
    }
}

extension String {
    /// Whether a word of this text is `name`: `loop1` is not in `loop10`.
    fileprivate func names(_ name: String) -> Bool {
        split { !($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }.contains(Substring(name))
    }
}
