/// Compresses with DEFLATE (RFC 1951): one block with the fixed Huffman codes, matches found by the last three bytes.
///
/// Small and the same on every system, so that output is deterministic and no C library is needed.
struct Deflate {
    private(set) var bytes: [UInt8] = []
    private var bits: UInt32 = 0
    private var bitCount: UInt32 = 0

    /// Length codes 257... and distance codes 0...: the smallest value and the number of extra bits.
    private static let lengths = table(base: 3, codes: 28, group: 4, plain: 8) + [(258, 0)]
    private static let distances = table(base: 1, codes: 30, group: 2, plain: 4)

    init(_ input: [UInt8]) {
        put(0b1, 1)
        put(0b01, 2)
        var positions: [UInt32: Int] = [:]
        var index = 0
        while index < input.count {
            let match = Self.match(in: input, at: index, positions: positions)
            let length = match?.length ?? 1
            if let match { putMatch(match) } else { putSymbol(Int(input[index])) }
            for passed in index..<index + length {
                if let key = Self.key(input, passed) { positions[key] = passed }
            }
            index += length
        }
        putSymbol(256)
        if bitCount > 0 { put(0, 8 - bitCount) }
    }

    private static func table(base: Int, codes: Int, group: Int, plain: Int) -> [(base: Int, extra: UInt32)] {
        var next = base
        return (0..<codes).map { code in
            let extra = code < plain ? 0 : (code - plain) / group + 1
            defer { next += 1 << extra }
            return (next, UInt32(extra))
        }
    }

    private static func key(_ input: [UInt8], _ index: Int) -> UInt32? {
        guard index + 2 < input.count else { return nil }
        return UInt32(input[index]) << 16 | UInt32(input[index + 1]) << 8 | UInt32(input[index + 2])
    }

    private static func match(
        in input: [UInt8],
        at index: Int,
        positions: [UInt32: Int]
    ) -> (length: Int, distance: Int)? {
        guard let key = key(input, index), let start = positions[key], index - start <= 32_768 else { return nil }
        var length = 3
        while length < 258, index + length < input.count, input[start + length] == input[index + length] { length += 1 }
        return (length, index - start)
    }

    private mutating func putMatch(_ match: (length: Int, distance: Int)) {
        if let code = Self.lengths.lastIndex(where: { $0.base <= match.length }) {
            putSymbol(257 + code)
            put(UInt32(match.length - Self.lengths[code].base), Self.lengths[code].extra)
        }
        if let code = Self.distances.lastIndex(where: { $0.base <= match.distance }) {
            putCode(UInt32(code), 5)
            put(UInt32(match.distance - Self.distances[code].base), Self.distances[code].extra)
        }
    }

    /// A literal, a length code or the end of the block, in the fixed code of section 3.2.6.
    private mutating func putSymbol(_ symbol: Int) {
        switch symbol {
        case ..<144: putCode(UInt32(0x30 + symbol), 8)
        case ..<256: putCode(UInt32(0x190 + symbol - 144), 9)
        case ..<280: putCode(UInt32(symbol - 256), 7)
        default: putCode(UInt32(0xC0 + symbol - 280), 8)
        }
    }

    /// Huffman codes are packed from their most significant bit.
    private mutating func putCode(_ code: UInt32, _ count: UInt32) {
        for shift in (0..<count).reversed() { put(code >> shift & 1, 1) }
    }

    private mutating func put(_ value: UInt32, _ count: UInt32) {
        bits |= value << bitCount
        bitCount += count
        while bitCount >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: bits))
            bits >>= 8
            bitCount -= 8
        }
    }
}
