import ArgumentParser
import CloudTemplates

struct CloudFormationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloudformation",
        abstract: "Write the whole stack as one CloudFormation template.",
        discussion: """
            Flags say what there is; what a user changes when deploying (sizes, addresses, ids, who may use SSH) is a \
            parameter of the template, whose default the flags set. Session Manager is left to you: the instance has no \
            role.

              autoheal-generate cloudformation --format json -o autoheal.json
              aws cloudformation deploy --stack-name db \\
                  --template-file autoheal.json --capabilities CAPABILITY_IAM \\
                  --parameter-overrides PackageUrl=https://... PackageSha256=...
              autoheal-generate cloudformation --preinstalled --image own \\
                  --existing-network --existing-volume --alarms
              autoheal-generate cloudformation --config two-volumes.toml \\
                  --architecture arm64 --tag Stage=test
            """
    )

    @OptionGroup var stack: StackFlags

    @Option(help: "The form: YAML to read, JSON on one line and without comments to deploy.")
    var format = TemplateFormat.yaml

    @OptionGroup(title: "Output") var output: OutputFlags

    func run() async throws {
        try await output.write {
            let options = try stack.options()
            let text = try CloudFormationStack(options).text(format)
            if text.utf8.count > CloudFormationStack.inlineLimit {
                let shorter = format == .yaml ? "write it with --format json, which is shorter, or " : ""
                OutputFlags.note(
                    "the template has \(text.utf8.count) bytes, and CloudFormation takes \(CloudFormationStack.inlineLimit) "
                        + "from the command line: \(shorter)use a bucket: aws cloudformation deploy --s3-bucket BUCKET "
                        + "--stack-name NAME --template-file \(output.output ?? "FILE") --capabilities CAPABILITY_IAM"
                )
            }
            return text
        }
    }
}

extension TemplateFormat: ExpressibleByArgument {}
