/// CRC-32 of IEEE 802.3 (the one of gzip), bit by bit: it runs over 4 KiB, once.
package func crc32(_ bytes: [UInt8]) -> UInt32 { ~remainder(of: bytes, by: 0xEDB8_8320) }

/// CRC-32C (Castagnoli) as ext4 uses it: begun with all ones, and not inverted at the end.
package func crc32c(_ bytes: [UInt8]) -> UInt32 { remainder(of: bytes, by: 0x82F6_3B78) }

private func remainder(of bytes: [UInt8], by polynomial: UInt32) -> UInt32 {
    var sum: UInt32 = ~0
    for byte in bytes {
        sum ^= UInt32(byte)
        for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? polynomial : 0) }
    }
    return sum
}
