import AutohealSpec
import ConfigurationFile

extension CloudFormationStack {
    var volumeParameters: [Parameter] {
        zip(numbers, options.configuration.volumes).flatMap { number, settings in
            parameters(number, settings: settings)
        }
    }

    private func parameters(_ number: Int, settings: VolumeSettings) -> [Parameter] {
        let name = { (name: String) in volumeParameter(number, name) }
        let group = number == 1 ? "Volume" : "Volume \(number)"
        let common = [
            Parameter(
                name("Device"),
                group,
                "Device name",
                default: .string(settings.device ?? "/dev/sdf"),
                description:
                    "What it is attached as. /dev/sdf to /dev/sdp are for volumes; Nitro instances name it otherwise,"
                    + " and the agent finds it all the same.",
                ["AllowedPattern": "/dev/(sd|xvd)[b-z]"]
            ),
            Parameter(
                name("MountPoint"),
                group,
                "Mount point",
                default: .string(settings.mountPoint ?? "/data"),
                description: "Where the instance sees it.",
                [
                    "AllowedPattern": .string(Self.mountPointPattern),
                    "ConstraintDescription": "must be an absolute path that is no directory of the system.",
                ]
            ),
        ]
        return common + (options.usesExistingVolumes ? [existing(name, group)] : own(name, group))
    }

    /// What ``VolumeSpec`` takes, and nothing that would need quotes in the agent's file.
    private static var mountPointPattern: String {
        let system = VolumeSpec.systemDirectories.filter { $0 != "/" }.map { String($0.dropFirst()) }.sorted()
        return "(?!/(\(system.joined(separator: "|")))$)(/[A-Za-z0-9_][A-Za-z0-9._-]*)+"
    }

    private func existing(_ name: (String) -> String, _ group: String) -> Parameter {
        Parameter(
            name("Id"),
            group,
            "Volume",
            type: "AWS::EC2::Volume::Id",
            description: "In the zone of the subnet. It is mounted as it is; only a blank one is formatted."
        )
    }

    private func own(_ name: (String) -> String, _ group: String) -> [Parameter] {
        [
            Parameter(
                name("Size"),
                group,
                "Size",
                type: "Number",
                default: .integer(options.volumeSize),
                description:
                    "GiB. It may be enlarged by an update: the next instance, or a restart of the agent, grows the file"
                    + " system. It cannot shrink.",
                ["MinValue": 1, "MaxValue": 65_536]
            ),
            Parameter(
                name("Type"),
                group,
                "Type",
                default: .string(options.volumeType),
                description: "An EBS volume type.",
                ["AllowedValues": .line(.list(StackOptions.volumeTypes.map { .string($0) }))]
            ),
            Parameter(
                name("Iops"),
                group,
                "IOPS",
                type: "Number",
                default: 0,
                description: "For gp3, io1 and io2; 0 for the type's own.",
                ["MinValue": 0, "MaxValue": 256_000]
            ),
            Parameter(
                name("SnapshotId"),
                group,
                "Snapshot to start from",
                default: "",
                description:
                    "Empty for a blank volume. CloudFormation refuses to change it later.",
                ["AllowedPattern": "(snap-[0-9a-f]+)?"]
            ),
        ]
    }

    var conditions: [(key: String, value: TemplateValue)] {
        var conditions: [(key: String, value: TemplateValue)] = [
            ("AllowsSsh", Self.isSet("SshCidr")), ("HasKey", Self.isSet("KeyName")),
            ("HasApplicationGroup", Self.isSet("ApplicationSecurityGroupId")),
            ("HasTargetGroup", Self.isSet("TargetGroupArn")),
        ]
        if options.hasAlarms { conditions.append(("HasAlarmEmail", Self.isSet("AlarmEmail"))) }
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
        return [vpc] + (needsZone ? [zone] : [])
    }
}
