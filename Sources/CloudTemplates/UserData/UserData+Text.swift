import Foundation

extension UserData {
    /// Bytes before base64: EC2 accepts no more (AWS: "Run commands when you launch an EC2 instance").
    package static let limit = 16_384

    /// The text itself, in the words of the language that it is put into.
    package func text(format: UserDataFormat, language: TemplateLanguage = .raw) throws(GenerationError) -> String {
        let text = try readable(format)
        try check(text.utf8.count, advice: "Compress it: --encode gzip-base64.")
        return language.escape(text)
    }

    /// The text, packed if that is wished: base64 has nothing that a template language would expand.
    package func text(
        format: UserDataFormat,
        encoding: UserDataEncoding,
        language: TemplateLanguage = .raw
    ) async throws(GenerationError) -> String {
        switch encoding {
        case .none: return try text(format: format, language: language)
        case .base64: return Data(try text(format: format).utf8).base64EncodedString() + "\n"
        case .gzipBase64:
            let packed = try await gzip(readable(format))
            try check(
                packed.count,
                advice: "Put what your own parts do into the image, or let them include it from an address."
            )
            return Data(packed).base64EncodedString() + "\n"
        }
    }

    /// With the script's comments, unless it would be too long with them.
    private func readable(_ format: UserDataFormat) throws(GenerationError) -> String {
        let text = try written(format)
        guard text.utf8.count > Self.limit, !isBrief else { return text }
        var brief = self
        brief.isBrief = true
        return try brief.written(format)
    }

    private func written(_ format: UserDataFormat) throws(GenerationError) -> String {
        guard appendedParts.isEmpty || format == .mime else {
            throw GenerationError("Parts of your own can only be appended to the format mime.")
        }
        return switch format {
        case .cloudConfig: try cloudConfig()
        case .shell: try script()
        case .mime: try mime()
        }
    }

    private func check(_ count: Int, advice: String) throws(GenerationError) {
        guard count > Self.limit else { return }
        throw GenerationError("The user data has \(count) bytes; EC2 takes at most \(Self.limit). \(advice)")
    }
}

/// Base64 in lines of 76 characters (RFC 2045), without a line break at the end.
func base64Lines(_ text: String) -> String {
    Data(text.utf8).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
}
