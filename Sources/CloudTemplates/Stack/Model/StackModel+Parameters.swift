import AutohealSpec
import ConfigurationFile

extension StackModel {
    /// What may be changed when the stack is deployed, in the order in which it is shown.
    var parameters: [StackParameter] {
        [naming] + volumeParameters + packageParameters + instanceParameters + healthParameters
            + networkParameters + ownerParameters
    }

    private var naming: StackParameter {
        StackParameter(
            name: "Name",
            group: "Name",
            value: .text(default: "autoheal", pattern: "[A-Za-z][A-Za-z0-9-]{0,39}"),
            description: "The name of the Auto Scaling group, and the beginning of other names.",
            rule: "must begin with a letter and have at most 40 letters, digits and dashes.",
            only: .moduleHasNoName
        )
    }

    private var packageParameters: [StackParameter] {
        guard options.hasPackageParameters else { return [] }
        var given: (url: String, digest: String)?
        if case .url(let url, let digest) = options.source { given = ("\(url)", "\(digest)") }
        return [
            StackParameter(
                name: "PackageUrl",
                group: "Package",
                value: .text(
                    default: given?.url,
                    pattern: #"https?://[A-Za-z0-9\[][A-Za-z0-9._~:/%+,;@()=\[\]-]*(\?versionId=[A-Za-z0-9._-]+)?"#
                ),
                description: "An immutable object that every later instance can download without a secret.",
                rule: "must be an http(s) address without a query: a pre-signed one expires, and later instances would "
                    + "have no agent.",
                example: "https://example.com/autoheal-agent_\(agentVersion)-1_\(options.architecture.debianName).deb"
            ),
            StackParameter(
                name: "PackageSha256",
                group: "Package",
                value: .text(default: given?.digest, pattern: "[0-9a-f]{64}"),
                description: "What 'sha256sum FILE' prints; an instance installs nothing else.",
                rule: "must be 64 hexadecimal digits in lower case.",
                example: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
            ),
        ]
    }

    private var instanceParameters: [StackParameter] {
        [
            StackParameter(
                name: "InstanceType",
                group: "Instance",
                value: .text(default: options.defaultInstanceType),
                description: "Of the architecture of the image, \(options.architecture.rawValue)."
            ),
            StackParameter(
                name: "ImageId",
                group: "Instance",
                value: .image(path: options.image.parameterPath(options.architecture)),
                description: "An image with systemd, cloud-init and apt, or with the agent.",
                example: "ami-0123456789abcdef0"
            ),
            StackParameter(
                name: "RootDeviceName",
                group: "Instance",
                value: .text(default: options.image.rootDevice, pattern: "/dev/[a-z0-9]+"),
                description: "Of the image, as 'describe-images' shows it.",
                rule: "must be a name such as /dev/xvda."
            ),
            StackParameter(
                name: "RootVolumeSize",
                group: "Instance",
                value: .optionalNumber(in: 0...16_384, absent: "for the image's own"),
                description: "GiB of the root volume, which is encrypted and goes with the instance.",
                rule: "must be from 0 to 16384."
            ),
            StackParameter(
                name: "KeyName",
                group: "Instance",
                value: .optionalText(absent: "for none"),
                description: "An SSH key pair."
            ),
            StackParameter(
                name: "SshCidr",
                group: "Instance",
                value: .optionalText(
                    default: options.sshCIDR,
                    pattern: #"\d{1,3}(\.\d{1,3}){3}/\d{1,2}"#,
                    absent: "keeps SSH closed"
                ),
                description: "An IPv4 range such as 192.0.2.0/24.",
                rule: "must be an IPv4 range such as 192.0.2.0/24."
            ),
            StackParameter(
                name: "ApplicationSecurityGroupId",
                group: "Instance",
                value: .optionalExisting(pattern: "sg-[0-9a-f]+", absent: "for none"),
                description: "A further group of the instance, for what it serves.",
                rule: "must be one such as sg-0123456789abcdef0."
            ),
            StackParameter(
                name: "LogRetentionDays",
                group: "Instance",
                value: .numberChoice(default: 30, of: StackConstant.logRetentionDays),
                description: "Days to keep the functions' logs."
            ),
        ] + roleParameters
    }

    private var roleParameters: [StackParameter] {
        var parameters: [StackParameter] = []
        if options.hasInstanceProfile {
            parameters.append(
                StackParameter(
                    name: "InstanceProfileName",
                    group: "Instance",
                    value: .text(pattern: "[A-Za-z0-9+=,.@_-]{1,128}"),
                    description: "The instance profile whose role the instance gets; the agent needs none.",
                    rule: "must be the name of an instance profile.",
                    example: "database"
                )
            )
        }
        if options.hasPermissionsBoundary {
            parameters.append(
                StackParameter(
                    name: "PermissionsBoundaryArn",
                    group: "Roles",
                    value: .text(pattern: "arn:aws[a-z-]*:iam::[a-z0-9]*:policy/.+"),
                    description: "The policy that bounds what the stack's roles may do.",
                    rule: "must be the ARN of a policy.",
                    example: "arn:aws:iam::123456789012:policy/boundary"
                )
            )
        }
        return parameters
    }

    private var networkParameters: [StackParameter] {
        var parameters: [StackParameter] = []
        if options.usesExistingNetwork {
            parameters += [
                StackParameter(
                    name: "VpcId",
                    group: "Network",
                    value: .existing(type: "AWS::EC2::VPC::Id", pattern: "vpc-[0-9a-f]+"),
                    description: "Of the subnet.",
                    only: .cloudFormationReadsNoSubnet
                ),
                StackParameter(
                    name: "SubnetId",
                    group: "Network",
                    value: .existing(type: "AWS::EC2::Subnet::Id", pattern: "subnet-[0-9a-f]+"),
                    description: "In the volume's zone"
                        + (options.hasAddress ? ", with a route to an internet gateway." : "."),
                    example: "subnet-0123456789abcdef0"
                ),
            ]
        }
        if options.usesExistingNetwork, options.needsZone {
            parameters.append(
                StackParameter(
                    name: "AvailabilityZone",
                    group: "Network",
                    value: .existing(type: "AWS::EC2::AvailabilityZone::Name", pattern: "[a-z0-9-]+"),
                    description: "Where the volume is made.",
                    only: .cloudFormationReadsNoSubnet
                )
            )
        } else if options.needsZone {
            parameters.append(
                StackParameter(
                    name: "AvailabilityZone",
                    group: "Network",
                    value: .text(default: "a", pattern: "[a-z]"),
                    description: "Joined to the region; volume and subnet stay there.",
                    rule: "must be one letter."
                )
            )
        }
        if options.hasSecondSubnet {
            parameters.append(
                StackParameter(
                    name: "SecondAvailabilityZone",
                    group: "Network",
                    value: .text(default: "b", pattern: "[a-z]"),
                    description: "Of the second subnet; another one.",
                    rule: "must be one letter."
                )
            )
        }
        if options.usesExistingAddress {
            parameters.append(
                StackParameter(
                    name: "AllocationId",
                    group: "Network",
                    value: .text(pattern: "eipalloc-[0-9a-f]+"),
                    description: "The address: an allocation of this account and Region.",
                    rule: "must be one such as eipalloc-0123456789abcdef0.",
                    example: "eipalloc-0123456789abcdef0"
                )
            )
        }
        if options.hasDNSRecord {
            parameters += [
                StackParameter(
                    name: "HostedZoneId",
                    group: "Network",
                    value: .text(pattern: "[A-Z0-9]{1,32}"),
                    description: "The zone of Route 53 that the record is in.",
                    rule: "must be the id of a hosted zone.",
                    example: "Z0123456789ABCDEFGHIJ"
                ),
                StackParameter(
                    name: "RecordName",
                    group: "Network",
                    value: .text(pattern: "[A-Za-z0-9_*.-]{1,255}"),
                    description: "The name of the address, such as db.example.com.",
                    rule: "must be a domain name.",
                    example: "db.example.com"
                ),
            ]
        }
        return parameters
    }

    /// Parameters of the original (docs/original.md); a tag of that name is the parameter's default.
    static let ownerTags = ["Owner", "ComponentName", "ComponentOwner"]

    private var ownerParameters: [StackParameter] {
        let descriptions = ["Who owns the stack.", "What it serves.", "Who owns that."]
        return zip(Self.ownerTags, descriptions).map { name, description in
            StackParameter(
                name: name,
                group: "Tags",
                value: .optionalText(
                    default: options.tags.first { $0.key == name }?.value,
                    pattern: ".{1,256}",
                    absent: "for none"
                ),
                description: description,
                only: .cloudFormationHasNoMaps
            )
        }
    }
}
