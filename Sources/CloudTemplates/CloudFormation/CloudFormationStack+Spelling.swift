extension CloudFormationStack {
    /// A text of the model in the words of a template.
    func spelled(_ text: StackText) -> TemplateValue {
        if case .reference(let reference)? = text.pieces.first, text.pieces.count == 1, let name = name(of: reference) {
            let parts = name.split(separator: ".").map(String.init)
            return parts.count == 2 ? .attribute(parts[0], parts[1]) : .ref(name)
        }
        var isPlain = true
        let words = text.pieces.map { piece in
            switch piece {
            case .text(let text): return text
            case .reference(.arn(let service)):
                isPlain = false
                return "arn:${AWS::Partition}:\(service):${AWS::Region}:${AWS::AccountId}"
            case .reference(let reference):
                isPlain = false
                return "${\(name(of: reference) ?? "")}"
            }
        }
        return isPlain ? .string(words.joined()) : .sub(words.joined())
    }

    /// What `Ref` takes, or `Fn::GetAtt` where it has a dot; nil for an ARN, which is made of several.
    private func name(of reference: StackReference) -> String? {
        switch reference {
        case .partition: "AWS::Partition"
        case .region: "AWS::Region"
        case .stackName: "AWS::StackName"
        case .arn: nil
        case .parameter(let name): name
        case .volumeID(let number): volumeReference(number)
        case .groupName: "AutohealGroup"
        case .launchHook: "DeviceAttachmentHook"
        case .releaseHook: "DeviceReleaseHook"
        case .keyARN: "KmsKeyArn"
        case .launchNotices(let attribute): Self.queue("LaunchNotices", attribute)
        case .allocationID: options.usesExistingAddress ? "AllocationId" : "AutoHealEIP.AllocationId"
        case .subnetID: subnetName
        case .deadLetters(let attribute): Self.queue("DeviceAttachmentDeadLetters", attribute)
        }
    }

    private static func queue(_ id: String, _ attribute: StackReference.QueueAttribute) -> String {
        switch attribute {
        case .arn: "\(id).Arn"
        case .name: "\(id).QueueName"
        }
    }
}
