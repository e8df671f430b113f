extension CloudFormationStack {
    var network: [Resource] {
        (options.usesExistingNetwork ? [] : ownNetwork) + [securityGroup]
            + (options.hasOwnAddress ? [address] : []) + (options.hasDNSRecord ? [dnsRecord] : [])
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
        ] + (options.hasSecondSubnet ? secondSubnet : []) + (options.hasS3Endpoint ? [endpoint] : [])
    }

    private var endpoint: Resource {
        Resource(
            "S3Endpoint",
            "AWS::EC2::VPCEndpoint",
            comment: "Free. A bucket's policy can let in who comes through it (aws:SourceVpce).",
            [
                "VpcId": vpc, "ServiceName": .sub("com.amazonaws.${AWS::Region}.s3"),
                "RouteTableIds": [.ref("PublicRouteTable")],
            ]
        )
    }

    private var secondSubnet: [Resource] {
        [
            Resource(
                "PublicSubnetB",
                "AWS::EC2::Subnet",
                comment: "For a load balancer, which needs two zones; no instance is launched here.",
                [
                    "VpcId": vpc, "AvailabilityZone": .sub("${AWS::Region}${SecondAvailabilityZone}"),
                    "CidrBlock": .string(StackConstant.secondSubnetRange), "MapPublicIpOnLaunch": false,
                    "Tags": tagList,
                ]
            ),
            Resource(
                "PublicSubnetBRouteTableAssociation",
                "AWS::EC2::SubnetRouteTableAssociation",
                ["SubnetId": .ref("PublicSubnetB"), "RouteTableId": .ref("PublicRouteTable")]
            ),
        ]
    }

    private var securityGroup: Resource {
        let ssh: TemplateValue = [
            "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": .ref("SshCidr"), "Description": "SSH",
        ]
        let rules = model.ingress.map(ingressRule)
        return Resource(
            "AutohealSecurityGroup",
            "AWS::EC2::SecurityGroup",
            comment:
                "Nothing else comes in, but SSH if SshCidr is given.",
            [
                "GroupDescription": .sub("The instance of ${AWS::StackName}"), "VpcId": vpc,
                "SecurityGroupIngress": rules.isEmpty
                    ? .when("AllowsSsh", [ssh]) : .list(rules + [.when("AllowsSsh", ssh)]),
                "Tags": tagList,
            ]
        )
    }

    private func ingressRule(_ rule: IngressRule) -> TemplateValue {
        let source: (key: String, value: TemplateValue) =
            switch rule.source {
            case .range(let range): ("CidrIp", .string(range))
            case .group(let id): ("SourceSecurityGroupId", .string(id))
            }
        return .object([
            ("IpProtocol", .string(rule.networkProtocol)), ("FromPort", .integer(rule.ports.lowerBound)),
            ("ToPort", .integer(rule.ports.upperBound)), source, ("Description", .string(rule.description)),
        ])
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
            retention: options.retainsAddress ? "Retain" : nil,
            ["Domain": "vpc", "Tags": tagList]
        )
    }

    private var dnsRecord: Resource {
        Resource(
            "AutohealRecord",
            "AWS::Route53::RecordSet",
            [
                "HostedZoneId": .ref("HostedZoneId"), "Name": .ref("RecordName"), "Type": "A", "TTL": "300",
                "ResourceRecords": [.ref("AutoHealEIP")],
            ]
        )
    }

    /// What must be there for an instance to reach the network, and is not referred to by the group.
    var routes: [String] {
        guard !options.usesExistingNetwork else { return [] }
        return ["PublicSubnetRoute", "PublicSubnetARouteTableAssociation"]
            + (options.hasS3Endpoint ? ["S3Endpoint"] : [])
    }
}
