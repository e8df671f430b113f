extension CloudFormationStack {
    func orchestration() throws(GenerationError) -> [Resource] {
        [
            function(
                "AutohealScaleup",
                comment: "Takes the group from 0 to 1, and on deletion back to 0; always answers CloudFormation.",
                .scaleUp
            ),
            logs("AutohealScaleup"), try role("AutohealScaleup", .scaleUp),
            Resource(
                "ScaleupAutohealAction",
                "AWS::CloudFormation::CustomResource",
                comment:
                    "Depends on all the rest. So no instance is launched before hook, rule and function are there, and\n"
                    + "the instance is gone before volume, address and gateway are deleted.",
                dependsOn: [
                    "DeviceAttachmentHook", "EventRule", "PermissionForEventsToInvokeLambda", "DeviceAttachmentRetries",
                    "DeviceAttachmentDeadLettersPolicy",
                ] + routes + (options.usesExistingVolumes ? [] : numbers.map(volumeReference))
                    + (options.hasAddress ? ["AutoHealEIP"] : []),
                [
                    "ServiceToken": .attribute("AutohealScaleup", "Arn"),
                    "ServiceTimeout": .integer(Self.functionTimeout + 60), "GroupName": .ref("AutohealGroup"),
                ]
            ),
        ]
    }

    var alarms: [Resource] {
        let namespace: TemplateValue = .sub("Autoheal/${AWS::StackName}")
        return [
            Resource("FailedHealTopic", "AWS::SNS::Topic", ["Tags": ownTagList]),
            Resource(
                "FailedHealSubscription",
                "AWS::SNS::Subscription",
                condition: "HasAlarmEmail",
                ["TopicArn": .ref("FailedHealTopic"), "Protocol": "email", "Endpoint": .ref("AlarmEmail")]
            ),
            Resource(
                "AbandonedLaunches",
                "AWS::Logs::MetricFilter",
                [
                    "LogGroupName": .ref("DeviceAttachmentLogs"), "FilterPattern": "{ $.outcome = \"ABANDON\" }",
                    "MetricTransformations": [
                        [
                            "MetricNamespace": namespace, "MetricName": "AbandonedLaunches", "MetricValue": "1",
                            "DefaultValue": 0,
                        ]
                    ],
                ]
            ),
            alarm(
                "AbandonedLaunchAlarm",
                "A launch was given up: the volume or the address could not be had. See the log of DeviceAttachment.",
                [
                    "Namespace": namespace, "MetricName": "AbandonedLaunches", "Statistic": "Sum", "Period": 300,
                    "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                    "TreatMissingData": "notBreaching",
                ]
            ),
            alarm(
                "UnservedLaunchAlarm",
                "A launch was never served: see the messages in the queue DeviceAttachmentDeadLetters.",
                [
                    "Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible",
                    "Dimensions": [
                        ["Name": "QueueName", "Value": .attribute("DeviceAttachmentDeadLetters", "QueueName")]
                    ],
                    "Statistic": "Maximum", "Period": 300, "EvaluationPeriods": 1, "Threshold": 1,
                    "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching",
                ]
            ),
            alarm(
                "NoInstanceAlarm",
                "No instance has been in service for 20 minutes.",
                [
                    "Namespace": "AWS/AutoScaling", "MetricName": "GroupInServiceInstances",
                    "Dimensions": [["Name": "AutoScalingGroupName", "Value": .ref("AutohealGroup")]],
                    "Statistic": "Maximum", "Period": 300, "EvaluationPeriods": 4, "Threshold": 1,
                    "ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching",
                ]
            ),
        ]
    }

    private func alarm(_ id: String, _ description: String, _ properties: KeyValuePairs<String, TemplateValue?>)
        -> Resource
    {
        var alarm = Resource(id, "AWS::CloudWatch::Alarm", properties)
        alarm.properties.insert((key: "AlarmDescription", value: .string(description)), at: 0)
        alarm.properties.append((key: "AlarmActions", value: [.ref("FailedHealTopic")]))
        return alarm
    }
}
