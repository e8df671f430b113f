/// Ways to break a valid response.
enum ResponseMutation: CaseIterable {
    case flipBit, replaceByte, delete, duplicate, truncate, insertNoise, insertSyntax, repeatWhole, swap

    private static let syntax = [
        "\r\n", "\r\n\r\n", "\n", "\0", "\"", "\\", "\\u0000", "\\ud800", "{", "[", "}", "]", ",", ":", "null", "-1",
        "1e999", "18446744073709551616", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
        "Transfer-Encoding: chunked\r\n", "Content-Length: 0\r\n", "Content-Length: 99999999\r\n",
        "Content-Encoding: gzip\r\n", "Location: http://127.0.0.1:1/\r\n", "Upgrade: h2c\r\nConnection: Upgrade\r\n",
        "ffffffffffffffff\r\n", "\u{1B}[2J", "\u{202E}", "/*", "//", "NaN", "Infinity",
    ]

    func apply(to bytes: inout [UInt8], using randomness: inout Randomness) {
        guard let position = bytes.indices.randomElement(using: &randomness) else { return }
        let end = min(bytes.count, position + Int.random(in: 1...64, using: &randomness))
        switch self {
        case .flipBit: bytes[position] ^= 1 << UInt8.random(in: 0...7, using: &randomness)
        case .replaceByte: bytes[position] = .random(in: 0...255, using: &randomness)
        case .delete: bytes.removeSubrange(position..<end)
        case .duplicate:
            let copies = Int.random(in: 1...1000, using: &randomness)
            let piece = Array(bytes[position..<end])
            bytes.insert(contentsOf: Array(repeating: piece, count: copies).joined(), at: position)
        case .truncate: bytes.removeSubrange(position...)
        case .insertNoise:
            let noise = (0..<Int.random(in: 1...64, using: &randomness)).map { _ in
                UInt8.random(in: 0...255, using: &randomness)
            }
            bytes.insert(contentsOf: noise, at: position)
        case .insertSyntax:
            bytes.insert(contentsOf: (Self.syntax.randomElement(using: &randomness) ?? "").utf8, at: position)
        case .repeatWhole: bytes += bytes
        case .swap: bytes.swapAt(position, end - 1)
        }
    }
}
