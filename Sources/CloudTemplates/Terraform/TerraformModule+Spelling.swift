extension TerraformModule {
    /// A text of the model as an expression of HCL.
    func spelled(_ text: StackText) -> String {
        if case .reference(let reference)? = text.pieces.first, text.pieces.count == 1 { return expression(reference) }
        let words = text.pieces.map { piece in
            switch piece {
            case .text(let text): Self.escaped(text)
            case .reference(.arn(let service)) where service != "ec2":
                "arn:${data.aws_partition.current.partition}:\(service):${local.region}:${local.account}"
            case .reference(let reference): "${\(expression(reference))}"
            }
        }
        return "\"\(words.joined())\""
    }

    private func expression(_ reference: StackReference) -> String {
        switch reference {
        case .partition: "data.aws_partition.current.partition"
        case .region: "local.region"
        case .stackName: "var.name"
        case .arn: "local.ec2_arn"
        case .parameter(let name): "var.\(StackParameter.moduleName(name))"
        case .volumeID(let number): volumeID(number)
        case .groupName: "local.group_name"
        case .launchHook: "local.hook_name"
        case .releaseHook: "local.release_hook_name"
        case .keyARN: "var.kms_key_arn"
        case .launchNotices(.arn): "aws_sqs_queue.launch_notices.arn"
        case .launchNotices(.name): "aws_sqs_queue.launch_notices.name"
        case .allocationID: options.usesExistingAddress ? "var.allocation_id" : "aws_eip.autoheal.allocation_id"
        case .subnetID: subnet
        case .deadLetters(.arn): "aws_sqs_queue.dead_letters.arn"
        case .deadLetters(.name): "aws_sqs_queue.dead_letters.name"
        }
    }

    static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }

    private static func escaped(_ text: String) -> String {
        TemplateLanguage.terraform.escape(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))
    }

    static func list(_ texts: [String]) -> String { "[\(texts.joined(separator: ", "))]" }

    /// Assignments in a block, their equals signs aligned as `terraform fmt` wants them.
    static func aligned(_ pairs: [(name: String, value: String)]) -> [String] {
        let width = pairs.map(\.name.count).max() ?? 0
        return pairs.map { pair in
            pair.name + String(repeating: " ", count: width - pair.name.count) + " = " + pair.value
        }
    }
}
