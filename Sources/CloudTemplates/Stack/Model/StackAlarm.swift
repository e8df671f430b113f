/// An alarm, and what a person is told.
struct StackAlarm {
    /// `AbandonedLaunch`: a template adds `Alarm`, a module writes `abandoned_launch`.
    var name: String
    var description: String
    var source: Source
    /// Seconds.
    var period = 300
    var periods = 1
    var threshold = 1
    var comparison = "GreaterThanOrEqualToThreshold"
    var missingData = "notBreaching"

    /// What is watched.
    enum Source {
        case metric(String, of: StackText, by: [(name: String, value: StackText)] = [], statistic: String)
        /// CloudWatch Metrics Insights.
        case query(StackText)
    }
}

/// Lines of the function's log that are counted.
struct StackLogMetric {
    var name: String
    /// CloudWatch Logs, "Filter pattern syntax for metric filters".
    var pattern: String
}

extension StackModel {
    static let ownNamespace: StackText = "Autoheal/\(.stackName)"

    var logMetrics: [StackLogMetric] {
        guard options.alarms == .all else { return [] }
        return [
            StackLogMetric(name: "AbandonedLaunches", pattern: #"{ $.outcome = "ABANDON" }"#),
            StackLogMetric(name: "EndedLaunches", pattern: #"{ $.transition = "*LAUNCHING" && $.outcome = "*" }"#),
            StackLogMetric(name: "NeedsAPerson", pattern: #"{ $.alarm = "*" }"#),
        ]
    }

    var hasAlarms: Bool { options.alarms != .none }

    var alarms: [StackAlarm] {
        switch options.alarms {
        case .none: []
        case .volumes: volumeAlarms
        case .all: launchAlarms + volumeAlarms + limitAlarms
        }
    }

    private var launchAlarms: [StackAlarm] {
        [
            StackAlarm(
                name: "AbandonedLaunch",
                description:
                    "A launch was given up, and the group launches another instance. The log of the device function says why.",
                source: .metric("AbandonedLaunches", of: Self.ownNamespace, statistic: "Sum")
            ),
            StackAlarm(
                name: "RepeatedLaunches",
                description:
                    "Three instances were launched within an hour, whether they were given up or replaced, and it goes on: to "
                    + "stop it, suspend the process Launch of the group. See the log of the device function.",
                source: .metric("EndedLaunches", of: Self.ownNamespace, statistic: "Sum"),
                period: 3600,
                threshold: 3
            ),
            StackAlarm(
                name: "NeedsAPerson",
                description:
                    "Only a person can mend it, as the log of the device function says: a volume was refused, an instance says "
                    + "nothing, or is in service without its data.",
                source: .metric("NeedsAPerson", of: Self.ownNamespace, statistic: "Sum")
            ),
            StackAlarm(
                name: "UnservedLaunch",
                description:
                    "The function could not end its work on a launch or an end in all its tries: see the messages in the queue of dead "
                    + "letters, and delete them then.",
                source: .metric(
                    "ApproximateNumberOfMessagesVisible",
                    of: "AWS/SQS",
                    by: [("QueueName", StackText(.deadLetters(.name)))],
                    statistic: "Maximum"
                )
            ),
            StackAlarm(
                name: "NoInstance",
                description: "No instance has been in service for 20 minutes.",
                source: .metric(
                    "GroupInServiceInstances",
                    of: "AWS/AutoScaling",
                    by: [("AutoScalingGroupName", StackText(.groupName))],
                    statistic: "Maximum"
                ),
                periods: 4,
                comparison: "LessThanThreshold",
                missingData: "breaching"
            ),
        ]
    }

    /// AWS: "Amazon CloudWatch metrics for Amazon EBS"; on Nitro, 1 for each minute in which more was wanted.
    private var limitAlarms: [StackAlarm] {
        numbers.map { number in
            StackAlarm(
                name: "VolumeAtItsLimit\(Self.suffix(number))",
                description: "For a quarter of an hour more input and output was wanted than the volume has IOPS for.",
                source: checkOfVolume("MIN(VolumeIOPSExceededCheck)", number),
                periods: 3
            )
        }
    }

    /// CloudWatch, "Supported AWS infrastructure metrics": EBS has its checks by the volume and the instance together, and the
    /// instance is another one after each heal.
    private func checkOfVolume(_ value: String, _ number: Int) -> StackAlarm.Source {
        .query(
            "SELECT \(value) FROM SCHEMA(\"AWS/EBS\", InstanceId, VolumeId) WHERE VolumeId = '\(.volumeID(number))'"
        )
    }

    private var volumeAlarms: [StackAlarm] {
        [
            StackAlarm(
                name: "UnreachableVolume",
                description: "EC2 sees that the instance cannot reach a volume of its own.",
                source: .metric(
                    "StatusCheckFailed_AttachedEBS",
                    of: "AWS/EC2",
                    by: [("AutoScalingGroupName", StackText(.groupName))],
                    statistic: "Maximum"
                ),
                period: 60,
                periods: 3
            )
        ]
            + numbers.map { number in
                StackAlarm(
                    name: "StalledVolume\(Self.suffix(number))",
                    description: "The volume completes no input and output.",
                    source: checkOfVolume("MAX(VolumeStalledIOCheck)", number),
                    period: 60,
                    periods: 3
                )
            }
    }
}
