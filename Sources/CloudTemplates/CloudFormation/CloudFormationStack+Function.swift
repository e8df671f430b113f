extension CloudFormationStack {
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
                "Runtime": .string(StackConstant.runtime), "Handler": "index.handler",
                "Role": .attribute("\(id)Role", "Arn"),
                "Timeout": .integer(StackTiming.function), "MemorySize": .integer(StackConstant.functionMemory),
                "LoggingConfig": ["LogGroup": .ref("\(id)Logs")],
                "Environment": environment.isEmpty ? nil : ["Variables": .object(environment)], "Tags": ownTagList,
                "Code": ["ZipFile": .string(source.inlineCode)],
            ]
        )
    }

    func logs(_ id: String) -> Resource {
        Resource("\(id)Logs", "AWS::Logs::LogGroup", retention: "Delete", ["RetentionInDays": .ref("LogRetentionDays")])
    }

    /// What the function calls, on this stack's resources only, and writing its own logs.
    func role(_ id: String, _ source: FunctionSource) throws(GenerationError) -> Resource {
        var statements: [TemplateValue] = try model.grants(source).map(statement)
        statements.append(
            [
                "Sid": "Logs", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": .attribute("\(id)Logs", "Arn"),
            ]
        )
        return role("\(id)Role", of: "lambda.amazonaws.com", policy: id, statements)
    }

    func role(_ id: String, of service: String, policy: String, _ statements: [TemplateValue]) -> Resource {
        Resource(
            id,
            "AWS::IAM::Role",
            [
                "Path": options.rolePath.map { .string($0) },
                "PermissionsBoundary": options.hasPermissionsBoundary ? .ref("PermissionsBoundaryArn") : nil,
                "AssumeRolePolicyDocument": Self.trust(service),
                "Policies": [
                    [
                        "PolicyName": .string(policy),
                        "PolicyDocument": ["Version": "2012-10-17", "Statement": .list(statements)],
                    ]
                ],
                "Tags": ownTagList,
            ]
        )
    }

    private static func trust(_ service: String) -> TemplateValue {
        [
            "Version": "2012-10-17",
            "Statement": [
                ["Effect": "Allow", "Principal": ["Service": .string(service)], "Action": "sts:AssumeRole"]
            ],
        ]
    }

    func statement(_ grant: StackGrant) -> TemplateValue {
        var pairs: [(key: String, value: TemplateValue)] = [
            ("Sid", .string(grant.name)), ("Effect", "Allow"), ("Action", .list(grant.actions.map { .string($0) })),
            ("Resource", Self.oneOrList(grant.resources.map(spelled)) ?? "*"),
        ]
        if !grant.conditions.isEmpty {
            let tests = grant.conditions.map { ($0.test, TemplateValue.object([($0.key, spelled($0.value))])) }
            pairs.append(("Condition", .object(tests)))
        }
        return .object(pairs)
    }

    /// nil for none.
    private static func oneOrList(_ values: [TemplateValue]) -> TemplateValue? {
        values.count > 1 ? .list(values) : values.first
    }
}
