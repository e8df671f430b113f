extension CloudFormationStack {
    var parameters: [Parameter] {
        volumeParameters + packageParameters + instanceParameters + healthParameters + networkParameters
            + ownerParameters
    }

    private var packageParameters: [Parameter] {
        guard options.hasPackageParameters else { return [] }
        var url: TemplateValue?
        var digest: TemplateValue?
        if case .url(let given, let sum) = options.source {
            url = .string("\(given)")
            digest = .string("\(sum)")
        }
        return [
            Parameter(
                "PackageUrl",
                "Package",
                "Address of the .deb",
                default: url,
                description: "An immutable object that every later instance can download without a secret.",
                [
                    "AllowedPattern":
                        "https?://[A-Za-z0-9\\[][A-Za-z0-9._~:/%+,;@()=\\[\\]-]*(\\?versionId=[A-Za-z0-9._-]+)?",
                    "ConstraintDescription": .string(
                        "must be an http(s) address without a query: a pre-signed address expires, and an instance "
                            + "launched after that would have no agent."
                    ),
                ]
            ),
            Parameter(
                "PackageSha256",
                "Package",
                "SHA-256 digest of the .deb",
                default: digest,
                description: "What 'sha256sum FILE' prints; an instance installs nothing else.",
                [
                    "AllowedPattern": "[0-9a-f]{64}",
                    "ConstraintDescription": "must be 64 hexadecimal digits in lower case.",
                ]
            ),
        ]
    }

    private var instanceParameters: [Parameter] {
        [
            Parameter(
                "InstanceType",
                "Instance",
                "Type",
                default: .string(options.defaultInstanceType),
                description: "Of the architecture of the image, \(options.architecture.rawValue)."
            ),
            imageParameter,
            Parameter(
                "KeyName",
                "Instance",
                "SSH key pair",
                default: "",
                description: "Empty for none."
            ),
            Parameter(
                "SshCidr",
                "Instance",
                "Who may reach SSH",
                default: .string(options.sshCIDR ?? ""),
                description: "An IPv4 range such as 192.0.2.0/24; empty keeps SSH closed.",
                ["AllowedPattern": "(\\d{1,3}(\\.\\d{1,3}){3}/\\d{1,2})?"]
            ),
            Parameter(
                "ApplicationSecurityGroupId",
                "Instance",
                "Security group of the application",
                default: "",
                description:
                    "A further security group for the instance, which lets in what the application serves; or empty.",
                ["AllowedPattern": "(sg-[0-9a-f]+)?"]
            ),
            Parameter(
                "LogRetentionDays",
                "Instance",
                "Days to keep the functions' logs",
                type: "Number",
                default: 30,
                description: "Days.",
                ["AllowedValues": .line([1, 7, 14, 30, 90, 180, 365])]
            ),
        ]
    }

    private var imageParameter: Parameter {
        guard let path = options.image.parameterPath(options.architecture) else {
            return Parameter(
                "ImageId",
                "Instance",
                "Image",
                type: "AWS::EC2::Image::Id",
                description: "An image with systemd, cloud-init and apt, or with the agent."
            )
        }
        return Parameter(
            "ImageId",
            "Instance",
            "Image",
            type: "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
            default: .string(path),
            description:
                "A Systems Manager parameter with the image's id. It is looked up when the stack is created or "
                + "updated; a running instance keeps its image."
        )
    }

    private var healthParameters: [Parameter] {
        var parameters = [
            Parameter(
                "TargetGroupArn",
                "Health",
                "Target group of a load balancer",
                default: "",
                description: "The group registers its instance there; empty for none.",
                ["AllowedPattern": "(arn:aws[a-z-]*:elasticloadbalancing:.+:targetgroup/.+)?"]
            ),
            Parameter(
                "HealthCheckType",
                "Health",
                "Health checks",
                default: "EC2",
                description: "ELB replaces an instance whose application does not answer the target group's check.",
                ["AllowedValues": .line(["EC2", "ELB", "EBS", "EBS,ELB"])]
            ),
            Parameter(
                "HealthCheckGracePeriod",
                "Health",
                "Seconds until the first health check counts",
                type: "Number",
                default: 300,
                description:
                    "Seconds from the moment the volume is attached: time for mounting and for the application.",
                ["MinValue": 0, "MaxValue": 7200]
            ),
        ]
        if options.hasAlarms {
            parameters.append(
                Parameter(
                    "AlarmEmail",
                    "Health",
                    "Who is told of a failed heal",
                    default: "",
                    description: "An e-mail address, which must confirm; or empty.",
                    ["AllowedPattern": "([^@\\s]+@[^@\\s]+)?"]
                )
            )
        }
        return parameters
    }

    private var networkParameters: [Parameter] {
        var parameters: [Parameter] = []
        if options.usesExistingNetwork {
            parameters += [
                Parameter("VpcId", "Network", "VPC", type: "AWS::EC2::VPC::Id", description: "Of the subnet."),
                Parameter(
                    "SubnetId",
                    "Network",
                    "Subnet",
                    type: "AWS::EC2::Subnet::Id",
                    description: "In the volume's zone"
                        + (options.hasAddress ? ", with a route to an internet gateway." : ".")
                ),
            ]
        }
        if options.usesExistingNetwork, needsZone {
            parameters.append(
                Parameter(
                    "AvailabilityZone",
                    "Network",
                    "Availability zone of the subnet",
                    type: "AWS::EC2::AvailabilityZone::Name",
                    description: "Where the volume is made."
                )
            )
        } else if needsZone {
            parameters.append(
                Parameter(
                    "AvailabilityZone",
                    "Network",
                    "Letter of the availability zone",
                    default: "a",
                    description: "Joined to the region; volume and subnet are in one zone, and stay there.",
                    ["AllowedPattern": "[a-z]"]
                )
            )
        }
        return parameters
    }

    private var ownerParameters: [Parameter] {
        let descriptions = ["Who owns the stack.", "What it serves.", "Who owns that."]
        return zip(Self.ownerTags, descriptions).map { name, description in
            let given = options.tags.first { $0.key == name }?.value ?? ""
            return Parameter(name, "Tags", name, default: .string(given), description: description, ["MaxLength": 256])
        }
    }
}
