import Mustache

/// A Mustache template that is part of the program.
struct EmbeddedTemplate {
    private let name: String
    private let bytes: [UInt8]

    init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    static let installScript = EmbeddedTemplate("install.sh", PackageResources.install_sh_mustache)

    func render(_ context: [String: Any]) throws(GenerationError) -> String {
        do {
            return try MustacheTemplate(string: String(decoding: bytes, as: UTF8.self)).render(context)
        } catch {
            throw GenerationError("The template \(name) of this program is broken: \(error).")
        }
    }
}
