import ArgumentParser
import CloudTemplates

/// What a stack consists of; the same for CloudFormation and Terraform.
struct StackFlags: ParsableArguments {
    @OptionGroup(title: "Volume") var volume: VolumeFlags
    @OptionGroup(title: "Package") var source: SourceFlags

    @Option(help: ArgumentHelp("The size of a new volume.", valueName: "GiB"))
    var volumeSize = 16

    @Option(
        help:
            "The type of a new volume: gp3, gp2, st1, sc1; io2 and io1, with their IOPS, by parameters at deploy time."
    )
    var volumeType = "gp3"

    @Flag(help: "Use a volume that exists: its id is asked for at deploy time.")
    var existingVolume = false

    @Flag(help: "Use a VPC and a subnet that exist: their ids are asked for at deploy time.")
    var existingNetwork = false

    @Flag(inversion: .prefixedNo, help: "Give the instance a fixed address.")
    var address = true

    @Flag(help: "Use an Elastic IP address that exists: its allocation id is asked for at deploy time.")
    var existingAddress = false

    @Flag(help: "Keep the address when the stack is deleted (CloudFormation only).")
    var retainAddress = false

    @Flag(help: "Add a public subnet in another zone, for a load balancer.")
    var secondSubnet = false

    @Flag(
        name: .customLong("s3-endpoint"),
        help: "Add a gateway endpoint for S3, by which a bucket's policy may know the network."
    )
    var s3Endpoint = false

    @Option(
        name: .customLong("ingress"),
        help: ArgumentHelp(
            "Let in what the application serves, from a range or a security group; may be given again.",
            valueName: "port[/udp]=cidr|sg-id"
        )
    )
    var ingress: [String] = []

    @Option(help: "The image of the instance.")
    var image = MachineImage.debian13

    @Option(help: "The architecture of the image.")
    var architecture = MachineArchitecture.x86

    @Option(help: "The instance type. (default: t3.micro or t4g.micro)")
    var instanceType: String?

    @Option(
        name: .customLong("ssh-cidr"),
        help: ArgumentHelp("Let SSH in from this IPv4 range; it is closed otherwise.", valueName: "cidr")
    )
    var sshCIDR: String?

    @Flag(
        inversion: .prefixedNo,
        help: "Add alarms on failed heals too, or none at all. (default: those of the volumes)"
    )
    var alarms: Bool?

    @Flag(help: "Let alarms tell a topic of yours instead of one of the stack's own with an e-mail address.")
    var alarmTopic = false

    @Option(
        name: .customLong("health-check"),
        help: "Let a load balancer's target group or EC2's application status check ask the agent; may be given again."
    )
    var healthChecks: [HealthCheck] = []

    @Option(
        name: .customLong("health-source"),
        help: ArgumentHelp(
            "Who may ask: an IPv4 range or a security group; may be given again.",
            valueName: "cidr|sg-id"
        )
    )
    var healthSources: [String] = []

    @Option(
        name: .customLong("release"),
        help: "Let a launching instance go into service once its data is mounted, or once its volume is attached."
    )
    var launchUntil = LaunchUntil.data

    @Option(help: "Whether an instance that refuses its volume is kept to be looked at, or replaced.")
    var onRefusal = RefusalAction.keep

    @Option(
        help: ArgumentHelp(
            "How long an ending instance may take to release its volumes; 0: it is not waited for.",
            valueName: "seconds"
        )
    )
    var handOver = 120

    @Flag(help: "Take a snapshot of the volumes each day; how many are kept is a parameter.")
    var snapshots = false

    @Flag(help: "Give the address a name in a zone of Route 53, which are asked for at deploy time.")
    var dnsRecord = false

    @Flag(help: "Give the instance a role, by an instance profile that is asked for at deploy time.")
    var instanceProfile = false

    @Option(help: ArgumentHelp("The path of every role of the stack, such as /team/.", valueName: "path"))
    var rolePath: String?

    @Flag(help: "Bound the stack's roles by a policy whose ARN is asked for at deploy time.")
    var permissionsBoundary = false

    @Option(
        help: ArgumentHelp(
            "A user-data file of your own (a script, cloud-config) that becomes a further part; may be given again.",
            valueName: "file"
        )
    )
    var append: [String] = []

    @Option(help: "Have an application on the volume, as an example: what it is told is in the folder examples.")
    var example: StackExample?

    @Flag(help: "Encrypt with a KMS key of your own: its ARN is asked for at deploy time.")
    var kmsKey = false

    @Flag(help: "Replace the running instance when an update of the stack changes what it is launched from.")
    var applyUpdates = false

    @Option(
        name: .customLong("tag"),
        help: ArgumentHelp("A tag of every resource; may be given again.", valueName: "key=value")
    )
    var tags: [String] = []

    @Flag(help: "Use a launch configuration; accounts made since 2024-10-01 cannot create any.")
    var launchConfiguration = false

    @Flag(help: "Power the instance off when its volume cannot be had, so that the group replaces it.")
    var powerOffOnFailure = false

    func options() throws -> StackOptions {
        if example != nil, !volume.isEmpty {
            throw ValidationError(
                "--example says all about its volume: give either it or --config and the flags of one."
            )
        }
        var options = try StackOptions(configuration: try example?.configuration() ?? volume.configuration())
        options.source = try source.source()
        options.volumeSize = volumeSize
        options.volumeType = volumeType
        options.usesLaunchConfiguration = launchConfiguration
        options.usesExistingVolumes = existingVolume
        options.usesExistingNetwork = existingNetwork
        options.hasAddress = address
        options.usesExistingAddress = existingAddress
        options.retainsAddress = retainAddress
        options.hasSecondSubnet = secondSubnet
        options.hasS3Endpoint = s3Endpoint
        options.ingress = try ingress.map { text in try IngressRule(text) }
        options.image = image
        options.architecture = architecture
        options.instanceType = instanceType
        options.sshCIDR = sshCIDR
        options.alarms = alarms.map { $0 ? .all : .none } ?? .volumes
        options.hasAlarmTopic = alarmTopic
        options.healthChecks = Set(healthChecks)
        options.healthSources = try healthSources.map { text in try NetworkPeer(text) }
        options.launchUntil = launchUntil
        options.onRefusal = onRefusal
        options.handOver = handOver
        options.usesKMSKey = kmsKey
        options.hasSnapshots = snapshots
        options.hasDNSRecord = dnsRecord
        options.hasInstanceProfile = instanceProfile
        options.rolePath = rolePath
        options.hasPermissionsBoundary = permissionsBoundary
        if let example { options.appendedParts.append(try example.part()) }
        options.appendedParts += try append.map { try UserDataPart(name: $0, content: try TextFile(path: $0).text) }
        options.appliesUpdates = applyUpdates
        options.tags = try tags.map { text in try StackTag(text) }
        options.powersOffOnFailure = powerOffOnFailure
        try options.check()
        return options
    }
}

extension MachineImage: ExpressibleByArgument {}
extension MachineArchitecture: ExpressibleByArgument {}
extension StackExample: ExpressibleByArgument {}
extension HealthCheck: ExpressibleByArgument {}
extension LaunchUntil: ExpressibleByArgument {}
extension RefusalAction: ExpressibleByArgument {}
