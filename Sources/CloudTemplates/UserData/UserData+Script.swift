import AutohealSpec
import ConfigurationFile
import Mustache

extension UserData {
    /// The shell script that writes ``files``, and installs and starts the agent.
    func script() throws(GenerationError) -> String {
        var context: [String: Any] = [
            "version": agentVersion, "minutes": Self.installMinutes, "script": UserDataPath.script,
            "scriptDirectory": directory(of: UserDataPath.script), "unit": UserDataPath.unit,
            "wanted": UserDataPath.unitIsWanted, "done": UserDataPath.done, "doneWanted": UserDataPath.doneIsWanted,
            "powerOff": powersOffOnFailure, "powerOffFile": UserDataPath.powerOffOnFailure,
            "powerOffUnit": UserDataPath.powerOffUnit, "configurationFile": ConfigurationFile.standardPath,
        ]
        for delimiter in ["END_OF_FILE", Self.scriptDelimiter] {
            guard !files.contains(where: { $0.content.split(separator: "\n").contains(Substring(delimiter)) }) else {
                throw GenerationError("No line may consist of '\(delimiter)': the script ends its files with it.")
            }
        }
        context["files"] = files.map { file in
            [
                "path": shellQuoted(file.path), "directory": shellQuoted(file.directory), "mode": file.mode,
                "content": file.content, "isConfiguration": file.path == ConfigurationFile.standardPath,
            ] as [String: Any]
        }
        if mountWay == .fstab {
            context["fstab"] = [
                // As awk(1) finds it in the file, and as everybody else calls it.
                "lines": try zip(fstabLines(), configuration.volumes).map { line, volume in
                    [
                        "line": shellQuoted(line), "field": shellQuoted(String(line.split(separator: " ")[1])),
                        "mountPoint": shellQuoted(volume.mountPoint ?? VolumeSpec.defaultMountPoint),
                    ]
                }
            ]
        }
        switch source {
        case .url(let url, let digest):
            context["needsNetwork"] = true
            context["url"] = ["url": shellQuoted("\(url)"), "sha256": "\(digest)"]
        case .apt(let source):
            context["needsNetwork"] = true
            context["apt"] = [
                "package": shellQuoted("autoheal-agent=\(source.version)"), "sourceFile": AptSource.sourcePath,
                "aptProblem": shellQuoted("cannot install autoheal-agent \(source.version) from \(source.uri)"),
            ]
        case .preinstalled:
            context["preinstalled"] = true
        }
        context["volumes"] = volumeIDs
        return try EmbeddedTemplate.installScript.render(context, isBrief: isBrief)
    }

    /// The ids of the volumes as a shell writes them in a string: sorted then, for what a stack puts there is not known here.
    private var volumeIDs: String {
        let ids = configuration.volumes.compactMap { $0.volumeID.flatMap { VolumeID($0)?.description } }
        return ids.count > 1
            ? "$(printf '%s\\n' \(ids.joined(separator: " ")) | sort | paste -sd,)" : ids.first ?? "-"
    }
}

private func directory(of path: String) -> String {
    path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
}

/// A word that a POSIX shell takes as it is.
func shellQuoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
        let isLetter = (65...90).contains(byte) || (97...122).contains(byte)
        return isLetter || (48...58).contains(byte) || "-_./=+,@%".utf8.contains(byte)
    }
    return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
}
