/// A statement of a role's policy.
struct StackGrant {
    /// What it is about, `Sid`.
    var name: String
    var actions: [String]
    /// Empty for every resource, `*`, for calls that know none.
    var resources: [StackText]
    var conditions: [Condition] = []

    /// The operator, the key and what it must be.
    struct Condition {
        var test: String
        var key: String
        var value: StackText
    }
}

extension StackModel {
    /// What the function calls, on this stack's resources only.
    func grants(_ source: FunctionSource) throws(GenerationError) -> [StackGrant] {
        try source.grants(without: withoutActions).map { kind, actions in
            StackGrant(
                name: Self.name(kind),
                actions: actions,
                resources: resources(kind),
                conditions: conditions(kind)
            )
        } + (source == .deviceAttachment ? deviceGrants : statusCheckGrants)
    }

    /// The service authorization reference does not say yet which resources these calls can be limited to.
    private var statusCheckGrants: [StackGrant] {
        guard options.hasStatusCheck else { return [] }
        return [
            StackGrant(
                name: "ApplicationStatusCheck",
                actions: [
                    "ec2:AssociateApplicationStatusCheck", "ec2:DescribeApplicationStatusCheckAssociations",
                ],
                resources: []
            )
        ]
    }

    /// What this stack's functions never call.
    private var withoutActions: Set<String> {
        var actions: Set<String> = []
        if !options.hasAddress { actions.formUnion(["ec2:AssociateAddress", "ec2:DescribeAddresses"]) }
        if !hasHandOver { actions.insert("ec2:DetachVolume") }
        // A launch asks for it while the console is silent.
        if !hasHandOver, options.launchUntil == .attached { actions.insert("ec2:DescribeInstanceStatus") }
        if options.launchUntil == .attached || options.onRefusal == .abandon {
            actions.formUnion(["autoscaling:EnterStandby", "autoscaling:DescribeAutoScalingInstances"])
        }
        if options.launchUntil == .attached, !hasHandOver { actions.insert("ec2:GetConsoleOutput") }
        if !options.appliesUpdates {
            actions.formUnion(["autoscaling:StartInstanceRefresh", "autoscaling:DescribeInstanceRefreshes"])
        }
        return actions
    }

    /// What Lambda and EC2 do in the name of the device function.
    private var deviceGrants: [StackGrant] {
        var grants = [
            StackGrant(name: "DeadLetters", actions: ["sqs:SendMessage"], resources: [StackText(.deadLetters(.arn))]),
            StackGrant(
                name: "LaunchNotices",
                actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
                resources: [StackText(.launchNotices(.arn))]
            ),
        ]
        guard options.usesKMSKey else { return grants }
        // AWS KMS: "How Amazon EBS uses AWS KMS"; the grant is EC2's, for attaching.
        grants.append(
            StackGrant(
                name: "VolumeKey",
                actions: ["kms:CreateGrant"],
                resources: [StackText(.keyARN)],
                conditions: [
                    .init(test: "Bool", key: "kms:GrantIsForAWSResource", value: "true"),
                    .init(test: "StringEquals", key: "kms:ViaService", value: "ec2.\(.region).amazonaws.com"),
                ]
            )
        )
        return grants
    }

    /// What Amazon Data Lifecycle Manager does with the stack's volumes and their snapshots (AWS: "AWS managed policies for
    /// Amazon Data Lifecycle Manager", without what other policies of it need).
    var snapshotGrants: [StackGrant] {
        let snapshots: StackText = "arn:\(.partition):ec2:\(.region)::snapshot/*"
        return [
            StackGrant(
                name: "Look",
                actions: ["ec2:DescribeInstances", "ec2:DescribeSnapshots", "ec2:DescribeVolumes"],
                resources: []
            ),
            StackGrant(
                name: "TheseVolumes",
                actions: ["ec2:CreateSnapshot"],
                resources: resources("volume") + [snapshots]
            ),
            StackGrant(name: "TagSnapshots", actions: ["ec2:CreateTags"], resources: [snapshots]),
            StackGrant(
                name: "TheirSnapshots",
                actions: ["ec2:DeleteSnapshot"],
                resources: [snapshots],
                conditions: [
                    .init(
                        test: "StringEquals",
                        key: "aws:ResourceTag/\(StackConstant.snapshotTag)",
                        value: StackText(.stackName)
                    )
                ]
            ),
        ]
    }

    private static func name(_ kind: String) -> String {
        switch kind {
        case "*": "Look"
        case "autoScalingGroup": "ThisGroup"
        case "elastic-ip": "ThisAddress"
        case "instance": "InstancesOfThisGroup"
        case "network-interface": "InterfaceOfTheInstance"
        case "volume": "TheseVolumes"
        default: "Other"
        }
    }

    private func resources(_ kind: String) -> [StackText] {
        switch kind {
        case "*": []
        case "autoScalingGroup":
            ["\(.arn(service: "autoscaling")):autoScalingGroup:*:autoScalingGroupName/\(.groupName)"]
        case "elastic-ip": ["\(.arn(service: "ec2")):elastic-ip/\(.allocationID)"]
        case "volume": numbers.map { "\(.arn(service: "ec2")):volume/\(.volumeID($0))" }
        default: ["\(.arn(service: "ec2")):\(kind)/*"]
        }
    }

    /// What is made later and has no name yet: by the tag that Auto Scaling sets, and by the subnet, which another
    /// account may share.
    private func conditions(_ kind: String) -> [StackGrant.Condition] {
        switch kind {
        case "instance":
            [
                .init(
                    test: "StringEquals",
                    key: "aws:ResourceTag/aws:autoscaling:groupName",
                    value: StackText(.groupName)
                )
            ]
        case "network-interface":
            [
                .init(
                    test: "ArnEqualsIfExists",
                    key: "ec2:Subnet",
                    value: "arn:\(.partition):ec2:\(.region):*:subnet/\(.subnetID)"
                )
            ]
        default: []
        }
    }
}
