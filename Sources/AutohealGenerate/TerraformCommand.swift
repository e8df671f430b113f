import ArgumentParser
import CloudTemplates
import Foundation

struct TerraformCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "terraform",
        abstract: "Write the whole stack as a Terraform module that needs the provider hashicorp/aws only.",
        discussion: """
            Flags say what there is; what a user changes when applying is a variable, whose default the flags set. The \
            module's README.md lists variables and outputs; its tests need neither an account nor credentials.

              autoheal-generate terraform -o autoheal/
              terraform -chdir=autoheal init
              terraform -chdir=autoheal test
              terraform -chdir=autoheal apply \\
                  -var package_url=https://... -var package_sha256=...
              autoheal-generate terraform --preinstalled --image own \\
                  --existing-network --alarms -o modules/db

            Without -o, the texts are shown one after the other; the function's archive is left out then.
            """
    )

    @OptionGroup var stack: StackFlags

    @Option(name: .shortAndLong, help: ArgumentHelp("Write the module into this directory.", valueName: "directory"))
    var output: String?

    @Flag(help: "Overwrite what exists.")
    var force = false

    func run() throws {
        do {
            let options = try stack.options()
            let files = try TerraformModule(options).files()
            if let output { try write(files, to: output) } else { show(files) }
        } catch {
            try OutputFlags.exit(with: error)
        }
    }

    private func show(_ files: [ModuleFile]) {
        for file in files {
            guard let text = file.text else { continue }
            FileHandle.standardOutput.write(Data("# === \(file.name) ===\n\n\(text)\n".utf8))
        }
        OutputFlags.note("for the complete module, give -o DIRECTORY.")
    }

    /// Nothing is written if any of the files exists.
    private func write(_ files: [ModuleFile], to directory: String) throws {
        let manager = FileManager.default
        let paths = files.map { "\(directory)/\($0.name)" }
        if !force, let existing = paths.first(where: manager.fileExists(atPath:)) {
            throw OutputError(description: "\(existing) exists: give --force to overwrite it, or another directory.")
        }
        do {
            for (file, path) in zip(files, paths) {
                let url = URL(fileURLWithPath: path)
                try manager.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(file.bytes).write(to: url, options: .atomic)
            }
        } catch {
            throw OutputError(
                description: "\(directory): cannot be written: \((error as NSError).localizedDescription)"
            )
        }
    }
}
