extension CloudFormationStack {
    var conditions: [(key: String, value: TemplateValue)] {
        var conditions: [(key: String, value: TemplateValue)] = [
            ("AllowsSsh", Self.isSet("SshCidr")), ("HasKey", Self.isSet("KeyName")),
            ("HasApplicationGroup", Self.isSet("ApplicationSecurityGroupId")),
        ]
        if !options.hasTargetGroup { conditions.append(("HasTargetGroup", Self.isSet("TargetGroupArn"))) }
        if model.hasAlarms { conditions.append(("HasAlarmEmail", Self.isSet("AlarmEmail"))) }
        guard !options.usesExistingVolumes else { return conditions }
        for number in numbers {
            let name = { (name: String) in volumeParameter(number, name) }
            conditions.append((name("HasSnapshot"), Self.isSet(name("SnapshotId"))))
            conditions.append((name("HasIops"), ["Fn::Not": [["Fn::Equals": [.ref(name("Iops")), 0]]]]))
        }
        return conditions
    }

    private static func isSet(_ parameter: String) -> TemplateValue {
        ["Fn::Not": [["Fn::Equals": [.ref(parameter), ""]]]]
    }

    /// What cannot be right is said before anything is made.
    var rules: [(key: String, value: TemplateValue)] {
        [("DistinctVolumes", distinctVolumes), ("SubnetFits", subnetFits)]
            .filter { !$0.1.isEmpty }
            .map { ($0.0, ["Assertions": .list($0.1)]) }
    }

    private static func assertion(_ condition: TemplateValue, _ description: String) -> TemplateValue {
        ["Assert": condition, "AssertDescription": .string(description)]
    }

    /// Two volumes cannot share a device name, a mount point or an id.
    private var distinctVolumes: [TemplateValue] {
        let names = ["Device", "MountPoint"] + (options.usesExistingVolumes ? ["Id"] : [])
        return numbers.flatMap { one in
            numbers.filter { $0 > one }.flatMap { other in
                names.map { name in
                    let pair = [volumeParameter(one, name), volumeParameter(other, name)]
                    return Self.assertion(
                        ["Fn::Not": [["Fn::Equals": .list(pair.map(TemplateValue.ref))]]],
                        "\(pair[0]) and \(pair[1]) must differ."
                    )
                }
            }
        }
    }

    /// An instance in another zone than its volume could never have it.
    private var subnetFits: [TemplateValue] {
        guard options.usesExistingNetwork else { return [] }
        let equals = { (attribute: TemplateValue, parameter: String) -> TemplateValue in
            ["Fn::EachMemberEquals": [["Fn::ValueOfAll": ["AWS::EC2::Subnet::Id", attribute]], .ref(parameter)]]
        }
        let vpc = Self.assertion(equals("VpcId", "VpcId"), "SubnetId must be a subnet of VpcId.")
        let zone = Self.assertion(
            equals("AvailabilityZone", "AvailabilityZone"),
            "SubnetId must be in AvailabilityZone."
        )
        return [vpc] + (options.needsZone ? [zone] : [])
    }
}
