/// Reads fixed-width integers from bytes whose length was checked by the caller.
struct LittleEndianReader {
    let bytes: [UInt8]
    var position: Int

    mutating func next<Integer: FixedWidthInteger>() -> Integer {
        let width = Integer.bitWidth / 8
        defer { position += width }
        return bytes[position..<position + width].reversed().reduce(0) { $0 << 8 | Integer($1) }
    }
}

extension [UInt8] {
    mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
