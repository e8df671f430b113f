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

    static let terraformMain = EmbeddedTemplate("main.tf", PackageResources.main_tf_mustache)
    static let terraformOutputs = EmbeddedTemplate("outputs.tf", PackageResources.outputs_tf_mustache)
    static let terraformVariables = EmbeddedTemplate("variables.tf", PackageResources.variables_tf_mustache)
    static let terraformVersions = EmbeddedTemplate("versions.tf", PackageResources.versions_tf_mustache)

    /// - Parameter isBrief: without the template's own comments; what is put into it stays as it is.
    func render(_ context: [String: Any], isBrief: Bool = false) throws(GenerationError) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        do {
            return try MustacheTemplate(string: isBrief ? withoutCommentLines(text) : text).render(context)
        } catch {
            throw GenerationError("The template \(name) of this program is broken: \(error).")
        }
    }
}

/// A text of a language whose comments begin with `#`, without the lines that are nothing else.
func withoutCommentLines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false)
        .filter { line in
            let statement = line.drop { $0 == " " }
            return statement.first != "#" || line.hasPrefix("#!")
        }
        .joined(separator: "\n")
}
