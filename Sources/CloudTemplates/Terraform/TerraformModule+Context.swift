import AutohealSpec

extension TerraformModule {
    func context() throws(GenerationError) -> TerraformContext {
        TerraformContext(
            variables: variables,
            inputs: variables.map(input),
            required: required,
            outputs: model.outputs.map(output),
            volumes: numbers.map(volume),
            ownVolumes: !options.usesExistingVolumes,
            address: options.hasAddress,
            ownAddress: options.hasOwnAddress,
            secondSubnet: options.hasSecondSubnet,
            s3Endpoint: options.hasS3Endpoint,
            alarms: model.hasAlarms,
            alarmSubscriptions: model.hasOwnTopic
                ? model.mayHaveNoReceiver ? "var.alarm_email == null ? 0 : 1" : "1" : nil,
            existingNetwork: options.usesExistingNetwork,
            launchConfiguration: options.usesLaunchConfiguration,
            locals: locals,
            handOver: model.hasHandOver,
            handOverSeconds: options.handOver,
            hookEvents: Self.list(model.hookEvents.map(Self.quoted)),
            appliesUpdates: options.appliesUpdates,
            kmsKey: options.usesKMSKey && !options.usesExistingVolumes,
            instanceProfile: options.hasInstanceProfile,
            rolePath: options.rolePath.map(Self.quoted),
            permissionsBoundary: options.hasPermissionsBoundary,
            dnsRecord: options.hasDNSRecord,
            snapshots: options.hasSnapshots,
            snapshotStatements: options.hasSnapshots ? model.snapshotGrants.map(statement) : [],
            targetGroup: options.hasTargetGroup,
            targetGroups: options.hasTargetGroup ? "[aws_lb_target_group.autoheal.arn]" : "var.target_group_arns",
            healthPort: options.healthPort,
            ingress: model.ingress.map(ingress),
            healthTag: model.healthTag.map { "{ \(Self.quoted($0.key)) = \(spelled($0.value)) }" },
            vpc: options.usesExistingNetwork ? "data.aws_subnet.existing.vpc_id" : "aws_vpc.my_vpc.id",
            subnet: subnet,
            zone: zone,
            distinct: distinct,
            imageParameter: options.image != .own,
            image: options.image == .own
                ? "var.image_id" : "coalesce(var.image_id, one(data.aws_ssm_parameter.image[*].insecure_value))",
            userDataVariables: userDataVariables,
            environment: Self.aligned(model.deviceEnvironment.map { ($0.name, spelled($0.value)) }),
            groupNeeds: groupNeeds,
            statements: try model.grants(.deviceAttachment).map(statement),
            logMetrics: model.logMetrics.map(logMetric),
            metricAlarms: model.alarms.map(alarm)
        )
    }

    private func ingress(_ rule: IngressRule) -> TerraformContext.Ingress {
        let source =
            switch rule.source {
            case .range(let range): "cidr_blocks = [\(Self.quoted(range))]"
            case .group(let id): "security_groups = [\(Self.quoted(id))]"
            }
        return TerraformContext.Ingress(
            description: rule.description,
            firstPort: rule.ports.lowerBound,
            lastPort: rule.ports.upperBound,
            networkProtocol: rule.networkProtocol,
            source: source
        )
    }

    var subnet: String { options.usesExistingNetwork ? "var.subnet_id" : "aws_subnet.public_subnet_a.id" }

    private var locals: [String] {
        var pairs = [(name: "group_name", value: "var.name"), (name: "hook_name", value: "\"device-attachment\"")]
        if model.hasHandOver { pairs.append(("release_hook_name", "\"device-release\"")) }
        pairs += [
            ("region", "data.aws_region.current.id"), ("account", "data.aws_caller_identity.current.account_id"),
            ("ec2_arn", "\"arn:${data.aws_partition.current.partition}:ec2:${local.region}:${local.account}\""),
            ("tags", "merge(var.tags, { Name = var.name })"),
        ]
        return Self.aligned(pairs)
    }

    private var zone: String {
        options.usesExistingNetwork
            ? "data.aws_subnet.existing.availability_zone" : "aws_subnet.public_subnet_a.availability_zone"
    }

    private func volume(_ number: Int) -> TerraformContext.Volume {
        TerraformContext.Volume(
            suffix: StackModel.suffix(number),
            first: number == 1,
            existing: options.usesExistingVolumes,
            id: volumeID(number),
            zone: zone,
            keyed: options.usesKMSKey
        )
    }

    private var distinct: [TerraformContext.Distinct] {
        guard numbers.count > 1 else { return [] }
        let names =
            [("device", "device"), ("mount point", "mount_point")] + (options.usesExistingVolumes ? [("id", "id")] : [])
        return names.map { what, name in
            let variables = numbers.map { "var.\(Self.variable($0, name))" }
            return .init(what: what, list: Self.list(variables), count: numbers.count)
        }
    }

    private var userDataVariables: [String] {
        var pairs = numbers.flatMap { number in
            [
                (name: Self.variable(number, "device"), value: "var.\(Self.variable(number, "device"))"),
                (name: Self.variable(number, "mount_point"), value: "var.\(Self.variable(number, "mount_point"))"),
                (name: Self.variable(number, "id"), value: volumeID(number)),
            ]
        }
        if options.hasPackageParameters {
            pairs += [("package_url", "var.package_url"), ("package_sha256", "var.package_sha256")]
        }
        return Self.aligned(pairs)
    }

    private var groupNeeds: [String] {
        let routes = ["aws_route.public_subnet_route", "aws_route_table_association.public_subnet_a"]
        return (options.usesExistingNetwork ? [] : routes)
            + (options.hasS3Endpoint ? ["aws_vpc_endpoint.s3"] : []) + [
                "aws_cloudwatch_event_target.device_attachment", "aws_lambda_permission.events",
                "aws_lambda_function_event_invoke_config.device_attachment", "aws_sqs_queue_policy.dead_letters",
                "aws_iam_role_policy.device_attachment", "aws_lambda_event_source_mapping.launch_notices",
                "aws_iam_role_policy.launch_notices",
            ]
    }

    private func statement(_ grant: StackGrant) -> TerraformContext.Statement {
        let tests = grant.conditions.map { "\($0.test) = { \(Self.quoted($0.key)) = \(spelled($0.value)) }" }
        return TerraformContext.Statement(
            name: grant.name,
            actions: Self.list(grant.actions.map(Self.quoted)),
            resources: grant.resources.isEmpty ? "[\"*\"]" : Self.list(grant.resources.map(spelled)),
            condition: grant.conditions.isEmpty ? nil : "{ \(tests.joined(separator: ", ")) }"
        )
    }

    private func logMetric(_ metric: StackLogMetric) -> TerraformContext.LogMetric {
        let resource = StackParameter.moduleName(metric.name)
        return TerraformContext.LogMetric(
            resource: resource,
            slug: resource.replacing("_", with: "-"),
            name: metric.name,
            namespace: spelled(StackModel.ownNamespace),
            pattern: Self.quoted(metric.pattern)
        )
    }

    private func alarm(_ alarm: StackAlarm) -> TerraformContext.Alarm {
        let resource = StackParameter.moduleName(alarm.name)
        var pairs = [
            ("alarm_name", "\"${var.name}-\(resource.replacing("_", with: "-"))\""),
            ("alarm_description", Self.quoted(alarm.description)),
        ]
        var query: TerraformContext.Alarm.Query?
        switch alarm.source {
        case .metric(let name, let namespace, let dimensions, let statistic):
            pairs += [("namespace", spelled(namespace)), ("metric_name", Self.quoted(name))]
            let texts = dimensions.map { "\($0.name) = \(spelled($0.value))" }
            if !texts.isEmpty { pairs.append(("dimensions", "{ \(texts.joined(separator: ", ")) }")) }
            pairs += [("statistic", Self.quoted(statistic)), ("period", "\(alarm.period)")]
        case .query(let text):
            query = .init(
                lines: Self.aligned(
                    [
                        ("id", "\"check\""), ("expression", spelled(text)), ("period", "\(alarm.period)"),
                        ("return_data", "true"),
                    ]
                )
            )
        }
        pairs += [
            ("evaluation_periods", "\(alarm.periods)"), ("threshold", "\(alarm.threshold)"),
            ("comparison_operator", Self.quoted(alarm.comparison)),
            ("treat_missing_data", Self.quoted(alarm.missingData)),
            (
                "alarm_actions", model.hasOwnTopic ? "[aws_sns_topic.failed_heal.arn]" : "[var.alarm_topic_arn]"
            ), ("tags", "local.tags"),
        ]
        return TerraformContext.Alarm(resource: resource, lines: Self.aligned(pairs), query: query)
    }
}
