extension CloudFormationStack {
    /// Seconds. The hook outlives one run of the function, which restarts the hook's clock while it works.
    static let functionTimeout = 900
    static let heartbeatTimeout = 1200

    func deviceAttachment() throws(GenerationError) -> [Resource] {
        let pairs = numbers.map { "${\(volumeParameter($0, "Device"))}=${\(volumeReference($0))}" }
        var environment: [(key: String, value: TemplateValue)] = [
            ("GROUP_NAME", .ref("AutohealGroup")), ("HOOK_NAME", .ref("DeviceAttachmentHook")),
            ("VOLUMES", .sub(pairs.joined(separator: ","))),
        ]
        if options.hasAddress { environment.append(("ALLOCATION_ID", .attribute("AutoHealEIP", "AllocationId"))) }
        return [hook, eventRule, permission] + deadLetters + [
            function(
                "DeviceAttachment",
                comment:
                    "Waits until the instance runs, attaches the volume and the address, then lets the launch continue;\n"
                    + "every failure abandons it, and the group tries again with a new instance. Detaches nothing.",
                .deviceAttachment,
                environment: environment
            ),
            retries, logs("DeviceAttachment"),
            try role(
                "DeviceAttachment",
                .deviceAttachment,
                more: [
                    [
                        "Sid": "DeadLetters", "Effect": "Allow", "Action": "sqs:SendMessage",
                        "Resource": .attribute("DeviceAttachmentDeadLetters", "Arn"),
                    ]
                ]
            ),
        ]
    }

    private var hook: Resource {
        Resource(
            "DeviceAttachmentHook",
            "AWS::AutoScaling::LifecycleHook",
            comment: "A launching instance waits here. If nobody answers, it is abandoned and not put into service.",
            [
                "AutoScalingGroupName": .ref("AutohealGroup"),
                "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "DefaultResult": "ABANDON",
                "HeartbeatTimeout": .integer(Self.heartbeatTimeout),
            ]
        )
    }

    private var eventRule: Resource {
        Resource(
            "EventRule",
            "AWS::Events::Rule",
            [
                "Description": .sub("A launch in the group of ${AWS::StackName} waits for its volume"),
                "EventPattern": [
                    "source": ["aws.autoscaling"], "detail-type": ["EC2 Instance-launch Lifecycle Action"],
                    "detail": ["AutoScalingGroupName": [.ref("AutohealGroup")]],
                ],
                "Targets": [
                    [
                        "Id": "DeviceAttachment", "Arn": .attribute("DeviceAttachment", "Arn"),
                        "RetryPolicy": [
                            "MaximumEventAgeInSeconds": .integer(Self.heartbeatTimeout), "MaximumRetryAttempts": 185,
                        ],
                        "DeadLetterConfig": ["Arn": .attribute("DeviceAttachmentDeadLetters", "Arn")],
                    ]
                ],
            ]
        )
    }

    private var permission: Resource {
        Resource(
            "PermissionForEventsToInvokeLambda",
            "AWS::Lambda::Permission",
            [
                "Action": "lambda:InvokeFunction", "FunctionName": .ref("DeviceAttachment"),
                "Principal": "events.amazonaws.com", "SourceArn": .attribute("EventRule", "Arn"),
            ]
        )
    }

    private var deadLetters: [Resource] {
        [
            Resource(
                "DeviceAttachmentDeadLetters",
                "AWS::SQS::Queue",
                comment: "Launches that could not be served, for an operator to look at: the hook abandons them.",
                ["MessageRetentionPeriod": 1_209_600, "SqsManagedSseEnabled": true, "Tags": ownTagList]
            ),
            Resource(
                "DeviceAttachmentDeadLettersPolicy",
                "AWS::SQS::QueuePolicy",
                [
                    "Queues": [.ref("DeviceAttachmentDeadLetters")],
                    "PolicyDocument": [
                        "Version": "2012-10-17",
                        "Statement": [
                            [
                                "Effect": "Allow", "Principal": ["Service": "events.amazonaws.com"],
                                "Action": "sqs:SendMessage",
                                "Resource": .attribute("DeviceAttachmentDeadLetters", "Arn"),
                                "Condition": ["ArnEquals": ["aws:SourceArn": .attribute("EventRule", "Arn")]],
                            ]
                        ],
                    ],
                ]
            ),
        ]
    }

    private var retries: Resource {
        Resource(
            "DeviceAttachmentRetries",
            "AWS::Lambda::EventInvokeConfig",
            comment: "The function raises only when it could not answer the hook; then it is run again.",
            [
                "FunctionName": .ref("DeviceAttachment"), "Qualifier": "$LATEST", "MaximumRetryAttempts": 2,
                "MaximumEventAgeInSeconds": .integer(Self.heartbeatTimeout),
                "DestinationConfig": [
                    "OnFailure": ["Destination": .attribute("DeviceAttachmentDeadLetters", "Arn")]
                ],
            ]
        )
    }
}
