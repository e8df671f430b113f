import AutohealSpec

extension UserData {
    /// A multi-part archive (RFC 2046): our script, then the user's parts in their order.
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
        for part in parts {
            let isASCII = part.content.utf8.allSatisfy { $0 < 0x80 }
            lines += [
                "", "--\(boundary)", "Content-Type: \(part.contentType); charset=\"utf-8\"", "MIME-Version: 1.0",
                "Content-Transfer-Encoding: \(isASCII ? "7bit" : "base64")",
                "Content-Disposition: attachment; filename=\"\(Self.attachmentName(part.name))\"", "",
                isASCII ? String(part.content.dropLast()) : base64Lines(part.content),
            ]
        }
        lines += ["", "--\(boundary)--", ""]
        return lines.joined(separator: "\n")
    }

    private static func attachmentName(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? "part"
        return name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    }
}
