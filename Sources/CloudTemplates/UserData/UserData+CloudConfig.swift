import ConfigurationFile
import Yams

extension UserData {
    /// A cloud-config document: files are written early in the boot, the script runs at its end.
    func cloudConfig() throws(GenerationError) -> String {
        let script = UserDataFile(path: UserDataPath.script, mode: "0755", content: try script(writesFiles: false))
        let files = files + [script]
        let commands = [["sh", UserDataPath.script]]
        var document = YAMLDocument()
        document.append(
            "write_files",
            Node(files.map(Self.node)),
            comment: source == .preinstalled
                ? "The agent is in the image; this is what it shall do."
                : "What the agent shall do, and how it is installed."
        )
        document.append(
            "runcmd",
            Node(commands.map { command in Node(command.map { Node($0) }, .implicit, .flow) }),
            comment:
                "Only on the first boot. On every boot, autoheal-agent.service waits for the volume and mounts it;\n"
                + "it is not waited for here, because the boot must not wait for the volume."
        )
        document.append(
            "merge_how",
            Node("list(append)+dict(recurse_list)+str()"),
            comment: "Added to the lists of a cloud-config part before this one, in place of replacing them."
        )
        return "#cloud-config\n\(Self.head("cloud-config"))\n\(try document.text())"
    }

    private static func node(_ file: UserDataFile) -> Node {
        Node([
            (Node("path"), Node(file.path)),
            // A string: as a number, 0644 would mean something else in YAML 1.2 than in 1.1.
            (Node("permissions"), Node(file.mode, .implicit, .singleQuoted)),
            (Node("content"), Node(file.content, .implicit, .literal)),
        ])
    }

    static func head(_ format: String) -> String {
        """
        # User data of an instance whose data volume is attached from outside. Written by autoheal-generate userdata
        # --format \(format). It holds no secret: every process of the instance can read it.
        """
    }
}
