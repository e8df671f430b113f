import AutohealSpec
import ConfigurationFile

extension TerraformModule {
    /// What the templates are filled with.
    func context() throws(GenerationError) -> [String: Any] {
        var context: [String: Any] = [
            "version": agentVersion, "volumes": volumes, "ownVolumes": !options.usesExistingVolumes,
            "address": options.hasAddress, "alarms": options.hasAlarms, "existingNetwork": options.usesExistingNetwork,
            "launchConfiguration": options.usesLaunchConfiguration, "runtime": CloudFormationStack.runtime,
            "functionTimeout": CloudFormationStack.functionTimeout,
            "heartbeatTimeout": CloudFormationStack.heartbeatTimeout, "architecture": options.architecture.rawValue,
            "instanceType": options.defaultInstanceType, "sshCIDR": options.sshCIDR.map(Self.quoted) ?? "null",
            "defaultOfTags": defaultOfTags,
            "vpc": options.usesExistingNetwork ? "data.aws_subnet.existing.vpc_id" : "aws_vpc.my_vpc.id",
            "subnet": subnet,
            "userDataVariables": userDataVariables, "environment": environment, "groupNeeds": groupNeeds,
            "statements": try statements(),
        ]
        if let path = options.image.parameterPath(options.architecture) { context["imageParameter"] = path }
        context["image"] =
            options.image == .own
            ? "var.image_id" : "coalesce(var.image_id, one(data.aws_ssm_parameter.image[*].insecure_value))"
        if options.hasPackageParameters {
            var package: [String: Any] = ["present": true]
            if case .url(let url, let digest) = options.source {
                package["url"] = "\(url)"
                package["digest"] = "\(digest)"
            }
            context["package"] = package
        }
        return context
    }

    private var subnet: String { options.usesExistingNetwork ? "var.subnet_id" : "aws_subnet.public_subnet_a.id" }

    private var volumes: [[String: Any]] {
        zip(numbers, options.configuration.volumes).map { number, settings in
            [
                "suffix": CloudFormationStack.suffix(number), "first": number == 1,
                "device": settings.device ?? "/dev/sdf", "mountPoint": settings.mountPoint ?? "/data",
                "existing": options.usesExistingVolumes, "size": options.volumeSize, "type": options.volumeType,
                "types": StackOptions.volumeTypes.map(Self.quoted).joined(separator: ", "),
                "typeList": StackOptions.volumeTypes.joined(separator: ", "), "id": volumeID(number),
                "zone": options.usesExistingNetwork
                    ? "data.aws_subnet.existing.availability_zone" : "aws_subnet.public_subnet_a.availability_zone",
                "systemDirectories": VolumeSpec.systemDirectories.filter { $0 != "/" }.sorted().map(Self.quoted)
                    .joined(separator: ", "),
            ]
        }
    }

    private var defaultOfTags: String {
        // terraform fmt does not align what goes over several lines.
        guard !options.tags.isEmpty else { return "default     = {}" }
        let lines = Self.aligned(options.tags.map { (Self.quoted($0.key), Self.quoted($0.value)) })
        return "default = {\n" + lines.map { "    \($0)\n" }.joined() + "  }"
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

    private var environment: [String] {
        let volumes = numbers.map { "${var.\(Self.variable($0, "device"))}=${\(volumeID($0))}" }
        var pairs = [
            (name: "GROUP_NAME", value: "local.group_name"), (name: "HOOK_NAME", value: "local.hook_name"),
            (name: "VOLUMES", value: "\"\(volumes.joined(separator: ","))\""),
        ]
        if options.hasAddress { pairs.append(("ALLOCATION_ID", "aws_eip.autoheal.allocation_id")) }
        return Self.aligned(pairs)
    }

    private var groupNeeds: [String] {
        let routes = ["aws_route.public_subnet_route", "aws_route_table_association.public_subnet_a"]
        return (options.usesExistingNetwork ? [] : routes) + [
            "aws_cloudwatch_event_target.device_attachment", "aws_lambda_permission.events",
            "aws_lambda_function_event_invoke_config.device_attachment", "aws_sqs_queue_policy.dead_letters",
            "aws_iam_role_policy.device_attachment",
        ]
    }

    private func statements() throws(GenerationError) -> [[String: Any]] {
        try FunctionSource.deviceAttachment.grants(withAddress: options.hasAddress).map { kind, actions in
            var statement: [String: Any] = [
                "sid": StatementName.sid(kind), "actions": actions.map(Self.quoted).joined(separator: ", "),
                "resources": resources(kind),
            ]
            statement["condition"] = condition(kind)
            return statement
        }
    }

    private func condition(_ kind: String) -> String? {
        switch kind {
        case "instance": "StringEquals = { \"aws:ResourceTag/aws:autoscaling:groupName\" = local.group_name }"
        case "network-interface":
            "ArnEqualsIfExists = { \"ec2:Subnet\" = \"arn:${data.aws_partition.current.partition}:ec2:${local.region}:*:subnet/${\(subnet)}\" }"
        default: nil
        }
    }

    private func resources(_ kind: String) -> String {
        switch kind {
        case "*": "\"*\""
        case "autoScalingGroup": "local.group_arn"
        case "elastic-ip": "\"${local.ec2_arn}:elastic-ip/${aws_eip.autoheal.allocation_id}\""
        case "volume": numbers.map { "\"${local.ec2_arn}:volume/${\(volumeID($0))}\"" }.joined(separator: ", ")
        default: "\"${local.ec2_arn}:\(kind)/*\""
        }
    }
}
