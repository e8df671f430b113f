import ConfigurationFile
import NetworkAddress

extension StackOptions {
    /// A target group of the stack's own, in place of one that is named at deploy time.
    var hasTargetGroup: Bool { healthChecks.contains(.targetGroup) }

    /// An application status check of the stack's own.
    var hasStatusCheck: Bool { healthChecks.contains(.applicationStatus) }

    /// Where the agent's watcher answers, if anybody is to ask.
    var healthPort: Int? {
        guard !healthChecks.isEmpty else { return nil }
        return configuration.health.listen.flatMap(ListenAddress.init)?.port ?? StackConstant.healthPort
    }
}

extension StackModel {
    /// Who may ask the watcher, and what the application serves; SSH is a parameter.
    /// None is there twice, which EC2 refuses.
    var ingress: [IngressRule] {
        (healthIngress + options.ingress).reduce(into: []) { rules, rule in
            if !rules.contains(where: { $0.letsIn(the: rule) }) { rules.append(rule) }
        }
    }

    private var healthIngress: [IngressRule] {
        guard let port = options.healthPort else { return [] }
        // AWS, "CreateApplicationStatusCheck": it is asked from the subnet of the instance.
        let sources = options.healthSources.isEmpty ? [.range(StackConstant.subnetRange)] : options.healthSources
        return sources.map { IngressRule(ports: port...port, source: $0, description: "Health") }
    }

    /// The tag that an application status check is associated by.
    var healthTag: (key: String, value: StackText)? {
        guard let port = options.healthPort else { return nil }
        if options.hasStatusCheck { return (StackConstant.healthCheckTag, StackText(.stackName)) }
        return options.healthChecks.contains(.applicationStatusTag)
            ? (StackConstant.healthPortTag, "\("\(port)")") : nil
    }

    /// Of the group and of the alarms.
    var healthParameters: [StackParameter] {
        var parameters = options.hasTargetGroup ? targetGroupParameters : [targetGroupParameter]
        parameters += [
            StackParameter(
                name: "HealthCheckType",
                group: "Health",
                // What a target group of ours finds not ready must not be replaced for it.
                value: .choice(
                    default: "EC2",
                    of: options.hasTargetGroup ? ["EC2", "EBS"] : ["EC2", "ELB", "EBS", "EBS,ELB"]
                ),
                description: options.hasTargetGroup
                    ? "EBS replaces an instance that cannot reach its volumes."
                    : "ELB replaces an instance that fails the target group's check."
            ),
            StackParameter(
                name: "HealthCheckGracePeriod",
                group: "Health",
                value: .number(default: 300, in: 0...7200),
                description: "Seconds for the application to start, from being in service on.",
                rule: "must be from 0 to 7200 seconds."
            ),
        ]
        if hasAlarms { parameters.append(alarmReceiver) }
        return parameters
    }

    /// Alarms that were asked for have one.
    private var alarmReceiver: StackParameter {
        if options.hasAlarmTopic {
            return StackParameter(
                name: "AlarmTopicArn",
                group: "Health",
                value: .text(pattern: "arn:aws[a-z-]*:sns:.+"),
                description: "A topic that alarms tell.",
                rule: "must be the ARN of a topic.",
                example: "arn:aws:sns:eu-west-1:123456789012:pager"
            )
        }
        let pattern = #"[^@\s]+@[^@\s]+"#
        return StackParameter(
            name: "AlarmEmail",
            group: "Health",
            value: options.alarms == .all
                ? .text(pattern: pattern) : .optionalText(pattern: pattern, absent: "for nobody"),
            description: "An e-mail address, which must confirm.",
            rule: "must be an e-mail address.",
            example: "ops@example.com"
        )
    }

    /// With an e-mail address.
    var hasOwnTopic: Bool { hasAlarms && !options.hasAlarmTopic }
    var mayHaveNoReceiver: Bool { hasOwnTopic && options.alarms != .all }

    private var targetGroupParameter: StackParameter {
        StackParameter(
            name: "TargetGroupArn",
            group: "Health",
            value: .optionalExisting(
                pattern: "arn:aws[a-z-]*:elasticloadbalancing:.+:targetgroup/.+",
                absent: "for none"
            ),
            description: "The group registers its instance there.",
            rule: "must be the ARN of a target group."
        )
    }

    private var targetGroupParameters: [StackParameter] {
        [
            StackParameter(
                name: "TargetPort",
                group: "Health",
                value: .number(default: 80, in: 1...65_535),
                description: "Where the application serves what the load balancer sends.",
                rule: "must be from 1 to 65535."
            ),
            StackParameter(
                name: "TargetProtocol",
                group: "Health",
                value: .choice(default: "HTTP", of: ["HTTP", "HTTPS", "TCP", "TLS"]),
                description: "HTTP and HTTPS for an Application Load Balancer, TCP and TLS for a Network Load Balancer."
            ),
        ]
    }
}
