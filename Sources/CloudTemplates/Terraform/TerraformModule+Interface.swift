/// What a configuration that calls the module sees of it.
extension TerraformModule {
    var variables: [TerraformVariable] { model.parameters.filter(\.isOfModule).flatMap(\.variables) + [tags] }

    private var tags: TerraformVariable {
        let given = options.tags.map { "\(Self.quoted($0.key)) = \(Self.quoted($0.value))" }
        return TerraformVariable(
            name: "tags",
            description: "Tags of every resource and of the instance, such as Owner, ComponentName and ComponentOwner.",
            type: "map(string)",
            default: given.isEmpty ? "{}" : "{ \(given.joined(separator: ", ")) }",
            validations: [
                .init(
                    condition:
                        #"alltrue([for key in keys(var.tags) : can(regex("^[A-Za-z0-9+=._:@-]{1,128}$", key))])"#,
                    message: Self.quoted(
                        "A key may have letters, digits and +-=._:@ only: the instance reads its tags from the metadata "
                            + "service."
                    )
                ),
                .init(
                    condition:
                        #"alltrue([for value in values(var.tags) : "#
                        + #"can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value))])"#,
                    message: Self.quoted(
                        "A value may have 256 letters, digits, spaces and _.:/=+-@ at most: a role takes no others."
                    )
                ),
            ]
        )
    }

    /// What must be given, with examples.
    var required: [String] {
        Self.aligned(variables.filter { $0.fallback == nil }.map { ($0.name, $0.example ?? "null") })
    }

    func input(_ variable: TerraformVariable) -> TerraformContext.Input {
        TerraformContext.Input(
            name: variable.name,
            description: Self.cell(variable.description),
            type: variable.type,
            fallback: variable.fallback.map(Self.cell)
        )
    }

    /// In a table of Markdown a bar would end the cell.
    private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }

    func output(_ output: StackOutput) -> TerraformContext.Output {
        TerraformContext.Output(
            name: output.moduleName,
            description: output.description,
            lines: Self.aligned([
                ("description", Self.quoted(output.description)), ("value", expression(output.value)),
            ])
        )
    }

    private func expression(_ output: StackOutput.Value) -> String {
        switch output {
        case .address: "aws_eip.autoheal.public_ip"
        case .volumeID(let number): volumeID(number)
        case .groupName: "aws_autoscaling_group.autoheal.name"
        case .securityGroupID: "aws_security_group.autoheal.id"
        case .functionLogs: "aws_cloudwatch_log_group.device_attachment.name"
        case .networkID: "aws_vpc.my_vpc.id"
        case .subnetID: "aws_subnet.public_subnet_a.id"
        case .secondSubnetID: "aws_subnet.public_subnet_b.id"
        case .targetGroupARN: "aws_lb_target_group.autoheal.arn"
        case .endpointID: "aws_vpc_endpoint.s3.id"
        case .alarmTopicARN: "aws_sns_topic.failed_heal.arn"
        }
    }
}
