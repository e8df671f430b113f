import AutohealCore

/// A gzip member (RFC 1952) without name and time, so that the same bytes give the same file.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
    let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 255]
    return header + Deflate(bytes).bytes + littleEndian(crc32(bytes))
        + littleEndian(UInt32(truncatingIfNeeded: bytes.count))
}

func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
