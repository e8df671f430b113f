extension CloudFormationStack {
    var conditions: [(key: String, value: TemplateValue)] {
        var conditions: [(key: String, value: TemplateValue)] = [
            ("AllowsSsh", Self.isSet("SshCidr")), ("HasKey", Self.isSet("KeyName")),
            ("HasApplicationGroup", Self.isSet("ApplicationSecurityGroupId")),
            ("HasRootVolumeSize", Self.isNotZero("RootVolumeSize")),
        ]
        if !options.hasTargetGroup { conditions.append(("HasTargetGroup", Self.isSet("TargetGroupArn"))) }
        if model.mayHaveNoReceiver { conditions.append(("HasAlarmEmail", Self.isSet("AlarmEmail"))) }
        guard !options.usesExistingVolumes else { return conditions }
        for number in numbers {
            let name = { (name: String) in volumeParameter(number, name) }
            conditions.append((name("HasSnapshot"), Self.isSet(name("SnapshotId"))))
            conditions.append((name("HasIops"), Self.isNotZero(name("Iops"))))
            conditions.append((name("HasThroughput"), Self.isNotZero(name("Throughput"))))
            conditions.append((name("HasInitializationRate"), Self.isNotZero(name("InitializationRate"))))
        }
        return conditions
    }

    private static func isNotZero(_ parameter: String) -> TemplateValue {
        ["Fn::Not": [["Fn::Equals": [.ref(parameter), 0]]]]
    }

    private static func isSet(_ parameter: String) -> TemplateValue {
        ["Fn::Not": [["Fn::Equals": [.ref(parameter), ""]]]]
    }

    /// What cannot be right is said before anything is made.
    var rules: [(key: String, value: TemplateValue)] {
        [("DistinctVolumes", distinctVolumes), ("SubnetFits", subnetFits), ("ZonesDiffer", zonesDiffer)]
            .filter { !$0.1.isEmpty }
            .map { ($0.0, ["Assertions": .list($0.1)]) } + targetGroupRule
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

    /// A load balancer takes two zones.
    private var zonesDiffer: [TemplateValue] {
        guard options.hasSecondSubnet else { return [] }
        let same: TemplateValue = ["Fn::Equals": [.ref("AvailabilityZone"), .ref("SecondAvailabilityZone")]]
        return [Self.assertion(["Fn::Not": [same]], "AvailabilityZone and SecondAvailabilityZone must differ.")]
    }

    /// Without a target group the check of a load balancer is nobody's.
    private var targetGroupRule: [(key: String, value: TemplateValue)] {
        guard !options.hasTargetGroup else { return [] }
        let rule: TemplateValue = [
            "RuleCondition": ["Fn::Contains": [["ELB", "EBS,ELB"], .ref("HealthCheckType")]],
            "Assertions": [
                Self.assertion(Self.isSet("TargetGroupArn"), "The health check type ELB needs TargetGroupArn.")
            ],
        ]
        return [("ElbHasTargetGroup", rule)]
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
