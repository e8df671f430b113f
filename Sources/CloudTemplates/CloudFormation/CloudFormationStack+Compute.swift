extension CloudFormationStack {
    func compute() throws(GenerationError) -> [Resource] {
        (options.hasTargetGroup ? [targetGroup] : [])
            + [options.usesLaunchConfiguration ? try launchConfiguration() : try launchTemplate(), group]
    }

    private func userData() throws(GenerationError) -> TemplateValue {
        let names = StackUserData.Names(
            device: { "${\(volumeParameter($0, "Device"))}" },
            mountPoint: { "${\(volumeParameter($0, "MountPoint"))}" },
            volumeID: { "${\(volumeReference($0))}" },
            packageURL: "${PackageUrl}",
            packageDigest: "${PackageSha256}"
        )
        return ["Fn::Base64": .sub(try StackUserData(options: options).text(language: .cloudformation, names: names))]
    }

    private var securityGroups: TemplateValue {
        [
            .attribute("AutohealSecurityGroup", "GroupId"),
            .when("HasApplicationGroup", .ref("ApplicationSecurityGroupId")),
        ]
    }

    private var keyName: TemplateValue { .when("HasKey", .ref("KeyName")) }

    private static func object(_ pairs: KeyValuePairs<String, TemplateValue?>) -> TemplateValue {
        .object(pairs.compactMap { pair in pair.value.map { (key: pair.key, value: $0) } })
    }

    private var roleComment: String {
        options.hasInstanceProfile
            ? "The agent needs no role." : "No instance profile: an instance without a role cannot be abused."
    }

    private var rootVolume: TemplateValue {
        [
            [
                "DeviceName": .ref("RootDeviceName"),
                "Ebs": [
                    "Encrypted": true, "VolumeType": "gp3",
                    "VolumeSize": .when("HasRootVolumeSize", .ref("RootVolumeSize")),
                ],
            ]
        ]
    }

    private func launchTemplate() throws(GenerationError) -> Resource {
        Resource(
            "AutohealLaunchConfig",
            "AWS::EC2::LaunchTemplate",
            comment:
                "Has the original's name. \(roleComment) It reads its\n"
                + "tags, so a tag of the stack with a space or a slash in its key would keep it from launching.",
            [
                "LaunchTemplateData": Self.object([
                    "ImageId": .ref("ImageId"), "InstanceType": .ref("InstanceType"), "KeyName": keyName,
                    "SecurityGroupIds": securityGroups,
                    "MetadataOptions": [
                        "HttpTokens": "required", "HttpPutResponseHopLimit": 1, "InstanceMetadataTags": "enabled",
                    ],
                    "IamInstanceProfile": options.hasInstanceProfile ? ["Name": .ref("InstanceProfileName")] : nil,
                    "BlockDeviceMappings": rootVolume, "UserData": try userData(),
                ])
            ]
        )
    }

    private func launchConfiguration() throws(GenerationError) -> Resource {
        Resource(
            "AutohealLaunchConfig",
            "AWS::AutoScaling::LaunchConfiguration",
            comment:
                "As --launch-configuration asked for: accounts created since 2024-10-01 cannot create any, which is what\n"
                + "cfn-lint's W3697 warns of. \(roleComment)",
            ignoredChecks: ["W3697"],
            [
                "ImageId": .ref("ImageId"), "InstanceType": .ref("InstanceType"), "KeyName": keyName,
                "SecurityGroups": securityGroups,
                "MetadataOptions": ["HttpTokens": "required", "HttpPutResponseHopLimit": 1],
                "IamInstanceProfile": options.hasInstanceProfile ? .ref("InstanceProfileName") : nil,
                "BlockDeviceMappings": rootVolume, "UserData": try userData(),
            ]
        )
    }

    private var group: Resource {
        let version: TemplateValue = [
            "LaunchTemplateId": .ref("AutohealLaunchConfig"),
            "Version": .attribute("AutohealLaunchConfig", "LatestVersionNumber"),
        ]
        let storage = options.usesExistingVolumes ? [] : numbers.map(volumeReference)
        return Resource(
            "AutohealGroup",
            "AWS::AutoScaling::AutoScalingGroup",
            comment:
                "No DesiredCapacity: the group is created empty, ScaleupAutohealAction fills it, and an update leaves it\n"
                + "alone. A new instance is never launched before the old one is gone: both would wait for one volume.",
            dependsOn: routes + storage,
            [
                "MinSize": "0", "MaxSize": "1",
                "VPCZoneIdentifier": [subnet],
                "LaunchTemplate": options.usesLaunchConfiguration ? nil : version,
                "LaunchConfigurationName": options.usesLaunchConfiguration ? .ref("AutohealLaunchConfig") : nil,
                "HealthCheckType": .ref("HealthCheckType"),
                "HealthCheckGracePeriod": .ref("HealthCheckGracePeriod"),
                "TargetGroupARNs": options.hasTargetGroup
                    ? [.ref("AutohealTargetGroup")] : .when("HasTargetGroup", [.ref("TargetGroupArn")]),
                "InstanceMaintenancePolicy": ["MinHealthyPercentage": 0, "MaxHealthyPercentage": 100],
                "MetricsCollection": [["Granularity": "1Minute"]],
                "Tags": .list(
                    (tags + healthTags).map {
                        .line(["Key": .string($0.key), "Value": $0.value, "PropagateAtLaunch": true])
                    }
                ),
            ]
        )
    }
}
