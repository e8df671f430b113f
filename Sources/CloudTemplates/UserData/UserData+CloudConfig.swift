import ConfigurationFile
import Yams

extension UserData {
    /// Ends the script in the command that writes it.
    static let scriptDelimiter = "END_OF_SCRIPT"

    /// A cloud-config document: one command writes the script and runs it.
    ///
    /// Not `write_files`, which may fail or be replaced by another part without keeping the commands from being run: on an
    /// instance that was made from an image they would find that image's files.
    func cloudConfig() throws(GenerationError) -> String {
        let path = UserDataPath.script
        let command = """
            if mkdir -p \(path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }) &&
              cat >\(path).new <<'\(Self.scriptDelimiter)' && chmod 0755 \(path).new && mv \(path).new \(path)
            \(try script())\(Self.scriptDelimiter)
            then
              sh \(path)
            else
              echo "autoheal-install: FAILED: \(path) cannot be written" | tee /dev/console
              false
            fi

            """
        var document = YAMLDocument()
        document.append(
            "runcmd",
            Node([Node(command, .implicit, .literal)]),
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

    static func head(_ format: String) -> String {
        """
        # User data of an instance whose data volume is attached from outside. Written by autoheal-generate userdata
        # --format \(format). It holds no secret: every process of the instance can read it.
        """
    }
}
