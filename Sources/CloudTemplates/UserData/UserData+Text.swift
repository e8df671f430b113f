import Foundation

extension UserData {
    /// Bytes before base64: EC2 accepts no more (AWS: "Run commands when you launch an EC2 instance").
    package static let limit = 16_384

    /// The finished text.
    ///
    /// Escaping concerns the readable text only: base64 has nothing that a template language would expand.
    package func text(
        format: UserDataFormat,
        encoding: UserDataEncoding = .none,
        language: TemplateLanguage = .raw
    ) throws(GenerationError) -> String {
        guard appendedParts.isEmpty || format == .mime else {
            throw GenerationError("Parts of your own can only be appended to the format mime.")
        }
        let text =
            switch format {
            case .cloudConfig: try cloudConfig()
            case .shell: try script(writesFiles: true)
            case .mime: try mime()
            }
        let bytes = encoding == .gzipBase64 ? gzip(Array(text.utf8)) : Array(text.utf8)
        guard bytes.count <= Self.limit else {
            throw GenerationError(
                "The user data has \(bytes.count) bytes; EC2 takes at most \(Self.limit)."
                    + (encoding == .gzipBase64
                        ? " Put what your own parts do into the image, or let them include it from an address."
                        : " Compress it: --encode gzip-base64.")
            )
        }
        return switch encoding {
        case .none: language.escape(text)
        case .base64, .gzipBase64: Data(bytes).base64EncodedString() + "\n"
        }
    }
}

/// Base64 in lines of 76 characters (RFC 2045), without a line break at the end.
func base64Lines(_ text: String) -> String {
    Data(text.utf8).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
}
