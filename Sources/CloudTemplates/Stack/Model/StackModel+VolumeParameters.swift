import AutohealSpec
import ConfigurationFile

extension StackModel {
    var volumeParameters: [StackParameter] {
        zip(numbers, options.configuration.volumes).flatMap { number, settings in
            common(number, settings) + (options.usesExistingVolumes ? [existing(number)] : own(number))
        } + (options.usesKMSKey ? [key] : []) + (options.hasSnapshots ? [snapshotRetention] : [])
    }

    private var snapshotRetention: StackParameter {
        StackParameter(
            name: "SnapshotsKept",
            group: "Volume",
            value: .number(default: 7, in: 1...1000),
            description: "How many daily snapshots are kept.",
            rule: "must be from 1 to 1000."
        )
    }

    private var key: StackParameter {
        StackParameter(
            name: "KmsKeyArn",
            group: "Volume",
            value: .text(pattern: "arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+"),
            description:
                "The key of your own that the volumes are encrypted with. Its policy must let this account's roles "
                + "use it.",
            rule: "must be the ARN of a key, not of an alias: a policy can name only that.",
            example: "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
        )
    }

    /// 1 for the first volume, which has the original's names; the others are numbered.
    var numbers: ClosedRange<Int> { 1...options.configuration.volumes.count }

    static func suffix(_ number: Int) -> String { number == 1 ? "" : "\(number)" }

    static func volumeParameter(_ number: Int, _ name: String) -> String { "Volume\(suffix(number))\(name)" }

    private func parameter(
        _ number: Int,
        _ name: String,
        _ value: StackParameter.Value,
        _ description: String,
        rule: String? = nil
    ) -> StackParameter {
        StackParameter(
            name: Self.volumeParameter(number, name),
            group: number == 1 ? "Volume" : "Volume \(number)",
            value: value,
            description: description,
            rule: rule
        )
    }

    private func common(_ number: Int, _ settings: VolumeSettings) -> [StackParameter] {
        [
            parameter(
                number,
                "Device",
                .text(default: settings.device ?? "/dev/sdf", pattern: "/dev/(sd|xvd)[b-z]"),
                "/dev/sdf to /dev/sdp; Nitro instances name it otherwise.",
                rule: "must be a name such as /dev/sdf."
            ),
            // What ``VolumeSpec`` takes, and nothing that would need quotes in the agent's file.
            parameter(
                number,
                "MountPoint",
                .text(
                    default: settings.mountPoint ?? "/data",
                    pattern: "(/[A-Za-z0-9_][A-Za-z0-9._-]*)+",
                    excluding: VolumeSpec.systemDirectories.filter { $0 != "/" }.sorted()
                ),
                "Where the instance sees it.",
                rule: "must be an absolute path that is no directory of the system."
            ),
        ]
    }

    private func initializationRate(_ number: Int) -> StackParameter {
        var rate = parameter(
            number,
            "InitializationRate",
            .optionalNumber(in: 0...300, absent: "for as it comes"),
            "MiB/s, 100 to 300, for loading the snapshot; costs extra."
        )
        rate.only = .providerHasNoInitializationRate
        return rate
    }

    private func existing(_ number: Int) -> StackParameter {
        var existing = parameter(
            number,
            "Id",
            .existing(type: "AWS::EC2::Volume::Id", pattern: "vol-([0-9a-f]{8}|[0-9a-f]{17})"),
            "In the zone of the subnet. It is mounted as it is; only a blank one is formatted.",
            rule: "must be one such as vol-0123456789abcdef0."
        )
        existing.example = "vol-0123456789abcdef\(number - 1)"
        return existing
    }

    private func own(_ number: Int) -> [StackParameter] {
        [
            parameter(
                number,
                "Size",
                .number(default: options.volumeSize, in: StackOptions.volumeSizes),
                "GiB. An update may enlarge it, and the file system with it.",
                rule: "must be from 1 to 65536 GiB."
            ),
            parameter(
                number,
                "Type",
                .choice(default: options.volumeType, of: StackOptions.volumeTypes),
                "An EBS volume type."
            ),
            parameter(
                number,
                "Iops",
                .optionalNumber(in: 0...256_000, absent: "for the type's own"),
                "For gp3, io1 and io2.",
                rule: "must be from 0 to 256000."
            ),
            parameter(
                number,
                "Throughput",
                .optionalNumber(in: 0...2000, absent: "for the type's own"),
                "MiB/s, for gp3.",
                rule: "must be from 0 to 2000."
            ),
            parameter(
                number,
                "SnapshotId",
                .optionalText(pattern: "snap-[0-9a-f]+", absent: "for a blank one"),
                "For a new volume.",
                rule: "must be one such as snap-0123456789abcdef0."
            ),
            initializationRate(number),
        ]
    }
}
