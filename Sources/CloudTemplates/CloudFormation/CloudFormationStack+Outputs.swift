extension CloudFormationStack {
    var outputs: TemplateValue {
        .object(
            model.outputs.map {
                ($0.name, ["Description": .string($0.description), "Value": value(of: $0.value)])
            }
        )
    }

    private func value(of output: StackOutput.Value) -> TemplateValue {
        switch output {
        case .address: .ref("AutoHealEIP")
        case .volumeID(let number): .ref(volumeReference(number))
        case .groupName: .ref("AutohealGroup")
        case .securityGroupID: .attribute("AutohealSecurityGroup", "GroupId")
        case .functionLogs: .ref("DeviceAttachmentLogs")
        case .networkID: vpc
        case .subnetID: subnet
        case .secondSubnetID: .ref("PublicSubnetB")
        case .targetGroupARN: .ref("AutohealTargetGroup")
        case .endpointID: .ref("S3Endpoint")
        case .alarmTopicARN: .ref("FailedHealTopic")
        }
    }
}
