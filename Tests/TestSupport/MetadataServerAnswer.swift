/// What a metadata server does with a request.
package enum MetadataServerAnswer: Hashable, Sendable {
    /// Sends these bytes as they are, then closes.
    case bytes([UInt8])
    /// Sends these bytes, then nothing more, and leaves the connection open.
    case bytesThenSilence([UInt8])
    /// Sends one byte at a time.
    case drip([UInt8], every: Duration)
    /// Sends the first bytes once and the second ones until the client goes away.
    case endless([UInt8], repeating: [UInt8])

    /// Never answers.
    package static let silence = bytesThenSilence([])
    /// Closes without an answer.
    package static let close = bytes([])

    /// A well-formed answer with the right `Content-Length`, unless the headers give one.
    package static func response(
        status: Int = 200,
        headers: [(String, String)] = [],
        body: String = ""
    ) -> MetadataServerAnswer {
        .bytes(Array(responseText(status: status, headers: headers, body: body).utf8))
    }

    /// The same as text, for tests that break it.
    package static func responseText(
        status: Int = 200,
        headers: [(String, String)] = [],
        body: String = ""
    ) -> String {
        var text = "HTTP/1.1 \(status) Status\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if !headers.contains(where: { $0.0.lowercased() == "content-length" }) {
            text += "Content-Length: \(body.utf8.count)\r\n"
        }
        return text + "\r\n" + body
    }
}
