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
    static let terraformReadme = EmbeddedTemplate("README.md", PackageResources.README_md_mustache)
    static let terraformTests = EmbeddedTemplate("defaults.tftest.hcl", PackageResources.defaults_tftest_hcl_mustache)
    static let terraformVariables = EmbeddedTemplate("variables.tf", PackageResources.variables_tf_mustache)
    static let terraformVersions = EmbeddedTemplate("versions.tf", PackageResources.versions_tf_mustache)

    /// - Parameter isBrief: without the template's own comments and most of its indentation; what is put into it stays.
    func render(_ context: Any, isBrief: Bool = false) throws(GenerationError) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        do {
            return try MustacheTemplate(string: isBrief ? brief(text) : text).render(context)
        } catch {
            throw GenerationError("The template \(name) of this program is broken: \(error).")
        }
    }
}

/// A text of a language whose comments begin with `#`, without the lines that are nothing else or empty, and with a quarter
/// of its indentation.
func brief(_ text: String) -> String {
    text.split(separator: "\n")
        .filter { line in line.drop { $0 == " " }.first != "#" || line.hasPrefix("#!") }
        .map { line in line.dropFirst(line.prefix { $0 == " " }.count * 3 / 4) + "\n" }
        .joined()
}
