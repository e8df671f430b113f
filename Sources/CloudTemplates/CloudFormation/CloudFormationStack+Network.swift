extension CloudFormationStack {
    var network: [Resource] {
        (options.usesExistingNetwork ? [] : ownNetwork) + [securityGroup] + (options.hasAddress ? [address] : [])
    }

    private var ownNetwork: [Resource] {
        [
            Resource(
                "myVPC",
                "AWS::EC2::VPC",
                [
                    "CidrBlock": .string(StackConstant.networkRange), "EnableDnsSupport": true,
                    "EnableDnsHostnames": true, "Tags": tagList,
                ]
            ),
            Resource(
                "PublicSubnetA",
                "AWS::EC2::Subnet",
                comment: options.hasAddress
                    ? "An instance has no public address until the function has associated the Elastic IP address."
                    : "Without an Elastic IP address, every instance gets a public one of its own.",
                [
                    "VpcId": vpc, "AvailabilityZone": zone, "CidrBlock": .string(StackConstant.subnetRange),
                    "MapPublicIpOnLaunch": .boolean(!options.hasAddress), "Tags": tagList,
                ]
            ),
            Resource("myInternetGateway", "AWS::EC2::InternetGateway", ["Tags": ownTagList]),
            Resource(
                "AttachGateway",
                "AWS::EC2::VPCGatewayAttachment",
                ["VpcId": vpc, "InternetGatewayId": .ref("myInternetGateway")]
            ),
            Resource("PublicRouteTable", "AWS::EC2::RouteTable", ["VpcId": vpc, "Tags": ownTagList]),
            Resource(
                "PublicSubnetRoute",
                "AWS::EC2::Route",
                dependsOn: ["AttachGateway"],
                [
                    "RouteTableId": .ref("PublicRouteTable"), "DestinationCidrBlock": "0.0.0.0/0",
                    "GatewayId": .ref("myInternetGateway"),
                ]
            ),
            Resource(
                "PublicSubnetARouteTableAssociation",
                "AWS::EC2::SubnetRouteTableAssociation",
                ["SubnetId": subnet, "RouteTableId": .ref("PublicRouteTable")]
            ),
        ]
    }

    private var securityGroup: Resource {
        let ssh: TemplateValue = [
            "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": .ref("SshCidr"), "Description": "SSH",
        ]
        let health = model.healthSources.map(healthRule)
        return Resource(
            "AutohealSecurityGroup",
            "AWS::EC2::SecurityGroup",
            comment:
                "Nothing comes in, unless SshCidr is given. What the application serves belongs to a group of its own.",
            [
                "GroupDescription": .sub("The instance of ${AWS::StackName}"), "VpcId": vpc,
                "SecurityGroupIngress": health.isEmpty
                    ? .when("AllowsSsh", [ssh]) : .list(health + [.when("AllowsSsh", ssh)]),
                "Tags": tagList,
            ]
        )
    }

    private func healthRule(_ source: HealthSource) -> TemplateValue {
        var pairs: [(key: String, value: TemplateValue)] = [("IpProtocol", "tcp")]
        for key in ["FromPort", "ToPort"] { pairs.append((key, .integer(options.healthPort ?? 0))) }
        switch source {
        case .range(let range): pairs.append(("CidrIp", .string(range)))
        case .group(let id): pairs.append(("SourceSecurityGroupId", .string(id)))
        }
        return .object(pairs + [("Description", "Health")])
    }

    /// Whatever the target group finds, the group replaces nothing for it: its health check type is not ELB.
    var targetGroup: Resource {
        Resource(
            "AutohealTargetGroup",
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            comment: "For a listener of a load balancer. An instance that is not ready gets no traffic, and is kept.",
            [
                "VpcId": vpc, "Port": .ref("TargetPort"), "Protocol": .ref("TargetProtocol"), "TargetType": "instance",
                "HealthCheckProtocol": "HTTP", "HealthCheckPort": .string("\(options.healthPort ?? 0)"),
                "HealthCheckPath": "/ready", "Matcher": ["HttpCode": "200"],
                "HealthCheckIntervalSeconds": .integer(StackTiming.readyInterval),
                "HealthCheckTimeoutSeconds": .integer(StackTiming.readyTimeout),
                "HealthyThresholdCount": 2, "UnhealthyThresholdCount": 2, "Tags": tagList,
            ]
        )
    }

    private var address: Resource {
        Resource(
            "AutoHealEIP",
            "AWS::EC2::EIP",
            dependsOn: options.usesExistingNetwork ? [] : ["AttachGateway"],
            ["Domain": "vpc", "Tags": tagList]
        )
    }

    /// What must be there for an instance to reach the network, and is not referred to by the group.
    var routes: [String] {
        options.usesExistingNetwork ? [] : ["PublicSubnetRoute", "PublicSubnetARouteTableAssociation"]
    }

    var storage: [Resource] {
        guard !options.usesExistingVolumes else { return [] }
        return numbers.map { number in
            let name = { (name: String) in volumeParameter(number, name) }
            return Resource(
                volumeReference(number),
                "AWS::EC2::Volume",
                comment: number == 1
                    ? "Deleted only after a snapshot was taken. Attached later, so it is never deleted with an instance."
                    : nil,
                retention: "Snapshot",
                [
                    "AvailabilityZone": zone, "Size": .ref(name("Size")), "VolumeType": .ref(name("Type")),
                    "Iops": .when("\(name("HasIops"))", .ref(name("Iops"))), "Encrypted": true,
                    "KmsKeyId": options.usesKMSKey ? spelled(StackText(.keyARN)) : nil,
                    "SnapshotId": .when("\(name("HasSnapshot"))", .ref(name("SnapshotId"))), "Tags": tagList,
                ]
            )
        }
    }
}
