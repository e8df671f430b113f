extension CloudFormationStack {
    /// Supported until 2029 (AWS: "Lambda runtimes").
    static let runtime = "python3.13"

    func function(
        _ id: String,
        comment: String,
        _ source: FunctionSource,
        environment: [(key: String, value: TemplateValue)] = []
    ) -> Resource {
        Resource(
            id,
            "AWS::Lambda::Function",
            comment: comment,
            [
                "Runtime": .string(Self.runtime), "Handler": "index.handler", "Role": .attribute("\(id)Role", "Arn"),
                "Timeout": .integer(Self.functionTimeout), "MemorySize": 256,
                "LoggingConfig": ["LogGroup": .ref("\(id)Logs")],
                "Environment": environment.isEmpty ? nil : ["Variables": .object(environment)], "Tags": ownTagList,
                "Code": ["ZipFile": .string(source.briefCode)],
            ]
        )
    }

    func logs(_ id: String) -> Resource {
        Resource("\(id)Logs", "AWS::Logs::LogGroup", retention: "Delete", ["RetentionInDays": .ref("LogRetentionDays")])
    }

    /// What the function calls, on this stack's resources only, and writing its own logs.
    func role(_ id: String, _ source: FunctionSource, more: [TemplateValue] = []) throws(GenerationError) -> Resource {
        var statements: [TemplateValue] = try source.grants(withAddress: options.hasAddress).map(statement)
        statements.append(
            [
                "Sid": "Logs", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": .attribute("\(id)Logs", "Arn"),
            ]
        )
        return Resource(
            "\(id)Role",
            "AWS::IAM::Role",
            [
                "AssumeRolePolicyDocument": [
                    "Version": "2012-10-17",
                    "Statement": [
                        [
                            "Effect": "Allow", "Principal": ["Service": "lambda.amazonaws.com"],
                            "Action": "sts:AssumeRole",
                        ]
                    ],
                ],
                "Policies": [
                    [
                        "PolicyName": .string(id),
                        "PolicyDocument": ["Version": "2012-10-17", "Statement": .list(statements + more)],
                    ]
                ],
                "Tags": ownTagList,
            ]
        )
    }

    private func statement(kind: String, actions: [String]) -> TemplateValue {
        var pairs: [(key: String, value: TemplateValue)] = [
            ("Sid", .string(StatementName.sid(kind))), ("Effect", "Allow"),
            ("Action", .list(actions.map { .string($0) })), ("Resource", resources(kind)),
        ]
        if let condition = condition(kind) { pairs.append(("Condition", condition)) }
        return .object(pairs)
    }

    /// What is made later and has no name yet: by the tag that Auto Scaling sets, and by the subnet, which another
    /// account may share.
    private func condition(_ kind: String) -> TemplateValue? {
        switch kind {
        case "instance": ["StringEquals": ["aws:ResourceTag/aws:autoscaling:groupName": .ref("AutohealGroup")]]
        case "network-interface":
            [
                "ArnEqualsIfExists": [
                    "ec2:Subnet": .sub(
                        "arn:${AWS::Partition}:ec2:${AWS::Region}:*:subnet/${\(subnetName)}"
                    )
                ]
            ]
        default: nil
        }
    }

    private func resources(_ kind: String) -> TemplateValue {
        let prefix = "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:\(kind)"
        return switch kind {
        case "*": "*"
        case "autoScalingGroup":
            .sub(
                "arn:${AWS::Partition}:autoscaling:${AWS::Region}:${AWS::AccountId}:autoScalingGroup:*"
                    + ":autoScalingGroupName/${AutohealGroup}"
            )
        case "elastic-ip": .sub("\(prefix)/${AutoHealEIP.AllocationId}")
        case "volume": .list(numbers.map { .sub("\(prefix)/${\(volumeReference($0))}") })
        default: .sub("\(prefix)/*")
        }
    }
}

/// What a statement of a policy is about, in its `Sid`.
enum StatementName {
    static func sid(_ kind: String) -> String {
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
}
