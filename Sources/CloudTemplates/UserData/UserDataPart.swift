/// A user-data part of the user's own (cloud-init: "User-data formats").
package struct UserDataPart: Hashable, Sendable {
    /// For messages and as the name of the attachment.
    package var name: String
    package var content: String

    /// The content type that cloud-init derives from the first line.
    package let contentType: String

    package init(name: String, content: String) throws(GenerationError) {
        let types = [
            ("#!", "text/x-shellscript"), ("#cloud-config", "text/cloud-config"), ("#include", "text/x-include-url"),
            ("#cloud-boothook", "text/cloud-boothook"), ("#part-handler", "text/part-handler"),
            ("## template: jinja", "text/jinja2"),
        ]
        guard let type = types.first(where: { content.hasPrefix($0.0) }) else {
            throw GenerationError(
                "\(name): cloud-init would ignore this part, because its first line is none of "
                    + "\(types.map(\.0).joined(separator: ", "))."
            )
        }
        self.name = name
        self.content = content.hasSuffix("\n") ? content : content + "\n"
        contentType = type.1
    }
}
