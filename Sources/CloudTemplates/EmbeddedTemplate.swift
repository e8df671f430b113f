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

    func render(_ context: [String: Any]) throws(GenerationError) -> String {
        do {
            return try MustacheTemplate(string: String(decoding: bytes, as: UTF8.self)).render(context)
        } catch {
            throw GenerationError("The template \(name) of this program is broken: \(error).")
        }
    }
}
