/// What cloud-init is given.
package enum UserDataFormat: String, CaseIterable, Sendable {
    case cloudConfig = "cloud-config"
    case shell
    case mime
}

/// How the text is packed.
package enum UserDataEncoding: String, CaseIterable, Sendable {
    case none
    case base64
    /// cloud-init unpacks gzip by itself.
    case gzipBase64 = "gzip-base64"
}

/// The language that the text is put into, whose own marks must be escaped.
package enum TemplateLanguage: String, CaseIterable, Sendable {
    case raw
    /// `Fn::Sub`: `${x}` is written `${!x}`.
    case cloudformation
    /// HCL: `${x}` is written `$${x}`, `%{x}` is written `%%{x}`.
    case terraform

    func escape(_ text: String) -> String {
        switch self {
        case .raw: text
        case .cloudformation: text.replacing("${", with: "${!")
        case .terraform: text.replacing("${", with: "$${").replacing("%{", with: "%%{")
        }
    }
}
