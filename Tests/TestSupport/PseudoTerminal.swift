import Glibc
package import SystemPackage

/// A terminal that nobody sits at (pty(7)): what is written to it arrives as a terminal would get it.
package struct PseudoTerminal: ~Copyable {
    /// The terminal's own side, for a program's standard error.
    package let descriptor: FileDescriptor
    private let master: FileDescriptor

    // asm-generic/ioctls.h, which Swift's Glibc module does not show.
    private static let setLock: UInt = 0x4004_5431
    private static let openPeer: UInt = 0x5441

    /// - Parameter columns: characters beside each other.
    package init(columns: UInt16 = 80) throws(Errno) {
        let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard master >= 0 else { throw Errno(rawValue: errno) }
        var lock: CInt = 0
        guard ioctl(master, Self.setLock, &lock) == 0 else {
            close(master)
            throw Errno(rawValue: errno)
        }
        let terminal = ioctl(master, Self.openPeer, O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else {
            close(master)
            throw Errno(rawValue: errno)
        }
        var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(terminal, UInt(TIOCSWINSZ), &size)
        self.master = FileDescriptor(rawValue: master)
        descriptor = FileDescriptor(rawValue: terminal)
    }

    deinit {
        try? descriptor.close()
        try? master.close()
    }

    /// What was written since the last call.
    package func received() -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var request = pollfd(fd: master.rawValue, events: Int16(POLLIN), revents: 0)
        while poll(&request, 1, 0) > 0 {
            let count = read(master.rawValue, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The rows that a person sees after this: a carriage return goes back to the beginning of the row, and what is written
    /// then stands over what was there.
    package static func rows(_ text: String) -> [String] {
        var rows: [[Character]] = [[]]
        var column = 0
        for character in text.unicodeScalars.map(Character.init) {
            switch character {
            case "\r": column = 0
            case "\n":
                rows.append([])
                column = 0
            default:
                let last = rows.count - 1
                if column < rows[last].count { rows[last][column] = character } else { rows[last].append(character) }
                column += 1
            }
        }
        return rows.map { String(String($0).reversed().drop { $0 == " " }.reversed()) }
    }
}
