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
                    + (options.hasOwnAddress ? ["AutoHealEIP"] : [])
                    + (options.hasStatusCheck ? ["ApplicationStatusCheckAssociation"] : []),
                [
                    "ServiceToken": .attribute("AutohealScaleup", "Arn"),
                    "ServiceTimeout": .integer(StackTiming.customResource), "GroupName": .ref("AutohealGroup"),
                    "ApplyUpdates": options.appliesUpdates ? "true" : nil,
                    "Version": options.appliesUpdates ? version : nil,
                ]
            ),
        ] + statusCheck
    }

    /// cfn-lint 1.58 knows no resource that associates by a tag, and AWS documents the API alone.
    private var statusCheck: [Resource] {
        guard options.hasStatusCheck, let port = options.healthPort, let tag = model.healthTag else { return [] }
        return [
            Resource(
                "ApplicationStatusCheck",
                "AWS::EC2::ApplicationStatusCheck",
                comment: "Asks the agent's watcher; the group replaces an instance that fails.",
                [
                    "Protocol": "http", "Port": .integer(port), "Path": "/health",
                    "InitializationGracePeriodSeconds": .integer(StackTiming.healthGrace), "Tags": ownTagList,
                ]
            ),
            Resource(
                "ApplicationStatusCheckAssociation",
                "AWS::CloudFormation::CustomResource",
                [
                    "ServiceToken": .attribute("AutohealScaleup", "Arn"),
                    "ServiceTimeout": .integer(StackTiming.customResource),
                    "ApplicationStatusCheckId": .attribute("ApplicationStatusCheck", "ApplicationStatusCheckId"),
                    "TagKey": .string(tag.key), "TagValue": spelled(tag.value),
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
        ownTopic + model.logMetrics.map(resource) + model.alarms.map(resource)
    }

    private var ownTopic: [Resource] {
        guard model.hasOwnTopic else { return [] }
        return [
            Resource("FailedHealTopic", "AWS::SNS::Topic", ["Tags": ownTagList]),
            Resource(
                "FailedHealSubscription",
                "AWS::SNS::Subscription",
                condition: model.mayHaveNoReceiver ? "HasAlarmEmail" : nil,
                ["TopicArn": .ref("FailedHealTopic"), "Protocol": "email", "Endpoint": .ref("AlarmEmail")]
            ),
        ]
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
        var watched: [(key: String, value: TemplateValue)]
        switch alarm.source {
        case .metric(let name, let namespace, let dimensions, let statistic):
            watched = [("Namespace", spelled(namespace)), ("MetricName", .string(name))]
            let lines = dimensions.map { TemplateValue.line(["Name": .string($0.name), "Value": spelled($0.value)]) }
            if !lines.isEmpty { watched.append(("Dimensions", .list(lines))) }
            watched += [("Statistic", .string(statistic)), ("Period", .integer(alarm.period))]
        case .query(let query):
            let line = TemplateValue.line(
                ["Id": "check", "Expression": spelled(query), "Period": .integer(alarm.period)]
            )
            watched = [("Metrics", .list([line]))]
        }
        var resource = Resource(
            "\(alarm.name)Alarm",
            "AWS::CloudWatch::Alarm",
            [
                "AlarmDescription": .string(alarm.description), "EvaluationPeriods": .integer(alarm.periods),
                "Threshold": .integer(alarm.threshold),
                "ComparisonOperator": .string(alarm.comparison), "TreatMissingData": .string(alarm.missingData),
                "AlarmActions": [.ref(model.hasOwnTopic ? "FailedHealTopic" : "AlarmTopicArn")],
            ]
        )
        resource.properties += watched
        return resource
    }
}
