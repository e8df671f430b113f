extension CloudFormationStack {
    func orchestration() throws(GenerationError) -> [Resource] {
        [
            function(
                "AutohealScaleup",
                comment: "Takes the group from 0 to 1, and on deletion back to 0; always answers CloudFormation.",
                .scaleUp,
                environment: model.scaleUpEnvironment.map { (key: $0.name, value: spelled($0.value)) }
            ),
            logs("AutohealScaleup"), try role("AutohealScaleup", .scaleUp),
            Resource(
                "ScaleupAutohealAction",
                "AWS::CloudFormation::CustomResource",
                comment:
                    "Depends on all the rest. So no instance is launched before hook, rule and function are there, and\n"
                    + "the instance is gone before volume, address and gateway are deleted.",
                dependsOn: [
                    "DeviceAttachmentHook", "LaunchNoticesToFunction", "EventRule", "PermissionForEventsToInvokeLambda",
                    "DeviceAttachmentRetries",
                    "DeviceAttachmentDeadLettersPolicy",
                ] + (model.hasHandOver ? ["DeviceReleaseHook"] : []) + routes
                    + (options.usesExistingVolumes ? [] : numbers.map(volumeReference))
                    + (options.hasOwnAddress ? ["AutoHealEIP"] : []),
                [
                    "ServiceToken": .attribute("AutohealScaleup", "Arn"),
                    "ServiceTimeout": .integer(StackTiming.customResource), "GroupName": .ref("AutohealGroup"),
                    "ApplyUpdates": options.appliesUpdates ? "true" : nil,
                    "Version": options.appliesUpdates ? version : nil,
                ]
            ),
        ]
    }

    /// Of what instances are launched from; a launch configuration is another one after each change.
    private var version: TemplateValue {
        options.usesLaunchConfiguration
            ? .ref("AutohealLaunchConfig") : .attribute("AutohealLaunchConfig", "LatestVersionNumber")
    }

    var alarms: [Resource] {
        [
            Resource("FailedHealTopic", "AWS::SNS::Topic", ["Tags": ownTagList]),
            Resource(
                "FailedHealSubscription",
                "AWS::SNS::Subscription",
                condition: "HasAlarmEmail",
                ["TopicArn": .ref("FailedHealTopic"), "Protocol": "email", "Endpoint": .ref("AlarmEmail")]
            ),
        ] + model.logMetrics.map(resource) + model.alarms.map(resource)
    }

    private func resource(_ metric: StackLogMetric) -> Resource {
        Resource(
            metric.name,
            "AWS::Logs::MetricFilter",
            [
                "LogGroupName": .ref("DeviceAttachmentLogs"), "FilterPattern": .string(metric.pattern),
                "MetricTransformations": [
                    [
                        "MetricNamespace": spelled(StackModel.ownNamespace), "MetricName": .string(metric.name),
                        "MetricValue": "1", "DefaultValue": 0,
                    ]
                ],
            ]
        )
    }

    private func resource(_ alarm: StackAlarm) -> Resource {
        let dimensions = alarm.dimensions.map {
            TemplateValue.line(["Name": .string($0.name), "Value": spelled($0.value)])
        }
        return Resource(
            "\(alarm.name)Alarm",
            "AWS::CloudWatch::Alarm",
            [
                "AlarmDescription": .string(alarm.description), "Namespace": spelled(alarm.namespace),
                "MetricName": .string(alarm.metric), "Dimensions": dimensions.isEmpty ? nil : .list(dimensions),
                "Statistic": .string(alarm.statistic), "Period": .integer(alarm.period),
                "EvaluationPeriods": .integer(alarm.periods), "Threshold": .integer(alarm.threshold),
                "ComparisonOperator": .string(alarm.comparison), "TreatMissingData": .string(alarm.missingData),
                "AlarmActions": [.ref("FailedHealTopic")],
            ]
        )
    }
}
