import AutohealSpec

extension UserData {
    /// A multi-part archive (RFC 2046): our script, then the user's parts in their order. cloud-init runs scripts in the order of
    /// their names, and of two with the same name only the last.
    ///
    /// Ours is a script and not cloud-config, because two cloud-config parts are merged by rules that replace lists.
    func mime() throws(GenerationError) -> String {
        let ours = try UserDataPart(name: "autoheal-install.sh", content: script())
        let parts = [ours] + appendedParts
        let boundary = "==autoheal-agent=="
        guard !parts.contains(where: { $0.content.contains("--" + boundary) }) else {
            throw GenerationError("No part may contain '--\(boundary)': it separates the parts.")
        }
        var lines = [
            "Content-Type: multipart/mixed; boundary=\"\(boundary)\"", "MIME-Version: 1.0",
            "X-Comment: Written by autoheal-generate \(agentVersion). It holds no secret.",
        ]
        for (number, part) in parts.enumerated() {
            let isPlain = part.content.utf8.allSatisfy { $0 < 0x80 } && !Self.isNested(part.content)
            lines += [
                "", "--\(boundary)", "Content-Type: \(part.contentType); charset=\"utf-8\"", "MIME-Version: 1.0",
                "Content-Transfer-Encoding: \(isPlain ? "7bit" : "base64")",
                "Content-Disposition: attachment; filename=\"\(Self.attachmentName(part.name, number))\"", "",
                isPlain ? String(part.content.dropLast()) : base64Lines(part.content),
            ]
        }
        lines += ["", "--\(boundary)--", ""]
        return lines.joined(separator: "\n")
    }

    /// `000-autoheal-install.sh`, `001-application.sh`.
    private static func attachmentName(_ path: String, _ number: Int) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? "part"
        let digits = String(number)
        return String(repeating: "0", count: max(0, 3 - digits.count)) + digits + "-"
            + name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    }

    /// `${a:-${b}}`: AWS does not say how `Fn::Sub` reads it, however it is escaped.
    private static func isNested(_ text: String) -> Bool { text.contains(/\$\{[^}]*\$\{/) }
}
