import AutohealSpec

/// A ZIP archive with one file (APPNOTE.TXT 6.3), as Lambda takes it: stored, and without a time, so that its digest is the
/// same everywhere.
struct ZipArchive {
    let bytes: [UInt8]

    init(file name: String, content: [UInt8]) {
        let name = Array(name.utf8)
        // Version 1.0, no flags, stored, midnight of 1980-01-01.
        var fields: [UInt8] = [10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0]
        fields += littleEndian(crc32(content))
        fields += littleEndian(UInt32(truncatingIfNeeded: content.count))
        fields += littleEndian(UInt32(truncatingIfNeeded: content.count))
        fields += littleEndian(UInt16(truncatingIfNeeded: name.count)) + [0, 0]
        let local = [0x50, 0x4B, 3, 4] + fields + name + content
        // Made on Unix: a regular file that everyone may read, which Lambda needs.
        var central: [UInt8] = [0x50, 0x4B, 1, 2, 10, 3] + fields + [0, 0, 0, 0, 0, 0]
        central += littleEndian(UInt32(0o100644) << 16) + [0, 0, 0, 0] + name
        var end: [UInt8] = [0x50, 0x4B, 5, 6, 0, 0, 0, 0, 1, 0, 1, 0]
        end += littleEndian(UInt32(truncatingIfNeeded: central.count))
        end += littleEndian(UInt32(truncatingIfNeeded: local.count)) + [0, 0]
        bytes = local + central + end
    }
}

private func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
