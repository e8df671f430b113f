extension CloudFormationStack {
    func deviceAttachment() throws(GenerationError) -> [Resource] {
        let environment = model.deviceEnvironment.map { (key: $0.name, value: spelled($0.value)) }
        return hooks + [eventRule, permission] + deadLetters + launchNotices + [
            function(
                "DeviceAttachment",
                comment:
                    "Waits until the instance runs, attaches the volume and the address, then lets the launch continue;\n"
                    + "every failure abandons it, and the group tries again with a new instance. Detaches nothing by force.",
                .deviceAttachment,
                environment: environment
            ),
            retries, logs("DeviceAttachment"), try role("DeviceAttachment", .deviceAttachment),
        ]
    }

    private var hooks: [Resource] {
        let launch = Resource(
            "DeviceAttachmentHook",
            "AWS::AutoScaling::LifecycleHook",
            comment: "A launching instance waits here. If nobody answers, it is abandoned and not put into service.",
            [
                "AutoScalingGroupName": .ref("AutohealGroup"),
                "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "DefaultResult": "ABANDON",
                "HeartbeatTimeout": .integer(StackTiming.launchHeartbeat),
                "NotificationTargetARN": spelled(StackText(.launchNotices(.arn))),
                "RoleARN": .attribute("LaunchNoticesRole", "Arn"),
            ]
        )
        let release = Resource(
            "DeviceReleaseHook",
            "AWS::AutoScaling::LifecycleHook",
            comment: "An ending instance has this long to release its volumes; then it ends all the same.",
            [
                "AutoScalingGroupName": .ref("AutohealGroup"),
                "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", "DefaultResult": "CONTINUE",
                "HeartbeatTimeout": .integer(options.handOver),
            ]
        )
        return [launch] + (model.hasHandOver ? [release] : [])
    }

    /// The second way to the function, should the event be lost.
    private var launchNotices: [Resource] {
        [
            Resource(
                "LaunchNotices",
                "AWS::SQS::Queue",
                comment: "Events may be lost. The hook itself writes here too, and the function looks a little later.",
                [
                    "DelaySeconds": .integer(StackTiming.noticeDelay),
                    "VisibilityTimeout": .integer(StackTiming.noticeVisibility),
                    "MessageRetentionPeriod": .integer(StackTiming.noticeRetention),
                    "RedrivePolicy": [
                        "deadLetterTargetArn": .attribute("DeviceAttachmentDeadLetters", "Arn"),
                        "maxReceiveCount": .integer(StackTiming.noticeReceives),
                    ],
                    "SqsManagedSseEnabled": true, "Tags": ownTagList,
                ]
            ),
            role(
                "LaunchNoticesRole",
                of: "autoscaling.amazonaws.com",
                policy: "LaunchNotices",
                [
                    [
                        "Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:GetQueueUrl"],
                        "Resource": .attribute("LaunchNotices", "Arn"),
                    ]
                ]
            ),
            Resource(
                "LaunchNoticesToFunction",
                "AWS::Lambda::EventSourceMapping",
                [
                    "EventSourceArn": .attribute("LaunchNotices", "Arn"), "FunctionName": .ref("DeviceAttachment"),
                    "BatchSize": 1,
                ]
            ),
        ]
    }

    private var eventRule: Resource {
        Resource(
            "EventRule",
            "AWS::Events::Rule",
            [
                "Description": .sub("An instance in the group of ${AWS::StackName} waits for its volume, or ends"),
                "EventPattern": [
                    "source": ["aws.autoscaling"], "detail-type": .list(model.hookEvents.map { .string($0) }),
                    "detail": ["AutoScalingGroupName": [.ref("AutohealGroup")]],
                ],
                "Targets": [
                    [
                        "Id": "DeviceAttachment", "Arn": .attribute("DeviceAttachment", "Arn"),
                        "RetryPolicy": [
                            "MaximumEventAgeInSeconds": .integer(StackTiming.eventAge),
                            "MaximumRetryAttempts": .integer(StackTiming.deliveryRetries),
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
                [
                    "MessageRetentionPeriod": .integer(StackTiming.deadLetterRetention), "SqsManagedSseEnabled": true,
                    "Tags": ownTagList,
                ]
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
            comment:
                "The function raises when it needs another run: the launch takes longer, or the hook did not answer.",
            [
                "FunctionName": .ref("DeviceAttachment"), "Qualifier": "$LATEST",
                "MaximumRetryAttempts": .integer(StackTiming.invocationRetries),
                "MaximumEventAgeInSeconds": .integer(StackTiming.invocationAge),
                "DestinationConfig": [
                    "OnFailure": ["Destination": .attribute("DeviceAttachmentDeadLetters", "Arn")]
                ],
            ]
        )
    }
}
