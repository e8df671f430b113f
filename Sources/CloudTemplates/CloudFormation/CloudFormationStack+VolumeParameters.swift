import AutohealCore
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
                    "Empty for a blank volume. Changing it makes a new volume, after a snapshot of the old one.",
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

    /// Two volumes cannot share a device name, a mount point or an id: said before anything is made.
    var rules: [(key: String, value: TemplateValue)] {
        var assertions: [TemplateValue] = []
        for one in numbers {
            for other in numbers where other > one {
                for name in ["Device", "MountPoint"] + (options.usesExistingVolumes ? ["Id"] : []) {
                    let pair: TemplateValue = [.ref(volumeParameter(one, name)), .ref(volumeParameter(other, name))]
                    assertions.append(
                        [
                            "Assert": ["Fn::Not": [["Fn::Equals": pair]]],
                            "AssertDescription": .string(
                                "\(volumeParameter(one, name)) and \(volumeParameter(other, name)) must differ."
                            ),
                        ]
                    )
                }
            }
        }
        return assertions.isEmpty ? [] : [("DistinctVolumes", ["Assertions": .list(assertions)])]
    }
}
