extension StackModel {
    /// Of the group and of the alarms.
    var healthParameters: [StackParameter] {
        var parameters = [
            StackParameter(
                name: "TargetGroupArn",
                group: "Health",
                value: .optionalExisting(
                    pattern: "arn:aws[a-z-]*:elasticloadbalancing:.+:targetgroup/.+",
                    absent: "for none"
                ),
                description: "The group registers its instance there.",
                rule: "must be the ARN of a target group."
            ),
            StackParameter(
                name: "HealthCheckType",
                group: "Health",
                value: .choice(default: "EC2", of: ["EC2", "ELB", "EBS", "EBS,ELB"]),
                description: "ELB replaces an instance whose application does not answer the target group's check."
            ),
            StackParameter(
                name: "HealthCheckGracePeriod",
                group: "Health",
                value: .number(default: 300, in: 0...7200),
                description: "Seconds from being in service on: time for the application to start.",
                rule: "must be from 0 to 7200 seconds."
            ),
        ]
        if options.hasAlarms {
            parameters.append(
                StackParameter(
                    name: "AlarmEmail",
                    group: "Health",
                    value: .optionalText(pattern: #"[^@\s]+@[^@\s]+"#, absent: "for nobody"),
                    description: "An e-mail address, which must confirm.",
                    rule: "must be an e-mail address."
                )
            )
        }
        return parameters
    }
}
